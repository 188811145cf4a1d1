import { afterAll, beforeAll, expect, test } from 'vitest'
import { OTHER_TOKEN, RunningServer, TOKEN } from '../fixtures/running-server.ts'

const ORIGIN = 'https://console.example.com'
const SECRETS = [TOKEN, OTHER_TOKEN, 'c0ffee00c0ffee11']

let server: RunningServer

beforeAll(async () => {
  server = await RunningServer.start({
    env: {
      SALLYPORT_TOKEN: `old=${TOKEN},new=${OTHER_TOKEN}`,
      ALLOWED_ORIGINS: ORIGIN,
      SLACK_REQUEST_BYTES: '2048',
      TRUSTED_PROXIES: '127.0.0.1/32',
    },
  })
})
afterAll(async () => {
  const told = server.lines.join('')
  for (const secret of SECRETS) expect(told).not.toContain(secret)
  await server[Symbol.asyncDispose]()
})

const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })

let guessers = 0

test.each([
  ['no key', {}],
  ['a wrong key', { authorization: `Bearer ${'x'.repeat(32)}` }],
  ['another scheme', { authorization: `Basic ${Buffer.from(`a:${TOKEN}`).toString('base64')}` }],
  ['an empty key', { authorization: 'Bearer ' }],
  ['a key that is cut short', { authorization: `Bearer ${TOKEN.slice(1)}` }],
])(
  'with %s everything but health is 401 before MCP looks at it [slack/serving/key]',
  async (_case, given) => {
    const shapes = new Set<string>()
    const address = `192.0.2.${(guessers += 1)}`
    const asks: [string, string, string | undefined][] = [
      ['POST', '/mcp', LIST],
      ['POST', '/mcp', LIST.replace('tools/list', 'initialize')],
      ['POST', '/mcp', LIST.replace('tools/list', 'resources/list')],
      ['POST', '/mcp', '{ no json'],
      ['POST', `/mcp?api_key=${TOKEN}&token=${TOKEN}`, LIST],
      ['GET', '/mcp', undefined],
      ['DELETE', '/mcp', undefined],
      ['GET', '/sse', undefined],
      ['POST', '/messages?sessionId=1', LIST],
      ['GET', '/metrics', undefined],
      ['GET', '/', undefined],
      ['PUT', '/no/such/thing', LIST],
    ]
    for (const [method, path, body] of asks) {
      const response = await fetch(server.url + path, {
        method,
        // Whoever guesses too often is held: each guesser here comes from an address of its own.
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address, ...given },
        ...(body === undefined ? {} : { body }),
      })
      expect([path, response.status]).toEqual([path, 401])
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      const { error } = (await response.json()) as { error: { data: { requestId?: string } } } // ours
      delete error.data.requestId
      shapes.add(JSON.stringify(error))
    }
    expect(shapes.size).toBe(1)
  },
)

test('while keys are changed both are good [slack/serving/key]', async () => {
  const statuses = [TOKEN, OTHER_TOKEN].map(
    async (token) => (await server.modern('tools/list', {}, { token })).status,
  )
  expect(await Promise.all(statuses)).toEqual([200, 200])
})

test('health is open and tells its verdict alone; with a key it tells more, and metrics need one [slack/serving/metrics] [slack/serving/key]', async () => {
  const get = (path: string, token?: string) =>
    fetch(server.url + path, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    })
  for (const path of ['/health', '/health/live', '/health/ready', '/health/startup']) {
    const open = await get(path)
    expect([open.status, await open.json()]).toEqual([200, { status: 'ok' }])
  }
  expect(await (await get('/health', TOKEN)).json()).toEqual({
    ...{ status: 'ok', version: '0.0.0', store: { writable: true } },
    uptimeSeconds: expect.any(Number),
  })
  const metrics = await get('/metrics', TOKEN)
  expect(await metrics.text()).toContain('sallyport_build_info{version="0.0.0"')
})

test('a page of a configured origin may call and read the session; no other is told it may [slack/serving/cors]', async () => {
  const preflight = await fetch(`${server.url}/mcp`, {
    method: 'OPTIONS',
    headers: {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,mcp-session-id',
    },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  expect(preflight.headers.get('access-control-allow-methods')).toBe('POST, GET, DELETE')
  expect(preflight.headers.get('access-control-allow-headers')).toContain('Mcp-Session-Id')
  expect(preflight.headers.get('vary')).toContain('Origin')
  const called = await server.initialize({ headers: { origin: ORIGIN } })
  expect(called.status).toBe(200)
  expect(called.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  expect(called.headers.get('access-control-expose-headers')).toContain('Mcp-Session-Id')
  expect(called.headers.get('access-control-allow-credentials')).toBe(null)
})

test.each([
  'https://evil.example',
  'https://console.example.com.evil.example',
  'https://evilconsole.example.com',
  'http://console.example.com',
  'https://console.example.com:8443',
  'null',
])('a page of %s is refused [slack/serving/cors]', async (origin) => {
  const called = await server.initialize({ headers: { origin } })
  expect([called.status, called.body?.error.data.code]).toEqual([403, 'origin_not_allowed'])
  const preflight = await fetch(`${server.url}/mcp`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST' },
  })
  for (const headers of [called.headers, preflight.headers]) {
    expect(headers.get('access-control-allow-origin')).toBe(null)
  }
})

test('a caller that is no browser names no origin, and is let in [slack/serving/cors]', async () => {
  const called = await server.initialize()
  expect(called.status).toBe(200)
  expect(called.headers.get('access-control-allow-origin')).toBe(null)
})

test('every answer forbids browsers to run, frame, sniff or refer to it [slack/serving/headers]', async () => {
  const answers = [
    await fetch(`${server.url}/health`),
    await fetch(`${server.url}/mcp`),
    await fetch(`${server.url}/no/such/thing`),
    await fetch(`${server.url}/slack/install`, { redirect: 'manual' }),
  ]
  for (const { headers } of answers) {
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('x-powered-by')).toBe(null)
    expect(headers.get('strict-transport-security')).toBe(null)
  }
})

test('behind https browsers are told to come back by it [slack/serving/headers]', async () => {
  await using behind = await RunningServer.start({
    env: {
      PUBLIC_BASE_URL: 'https://mcp.acme.io',
      SLACK_REDIRECT_URI: 'https://mcp.acme.io/slack/oauth/callback',
    },
  })
  const { headers } = await fetch(`${behind.url}/health`)
  expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains')
})

test('a name in Host that is not ours is refused, by a page or by anybody [slack/serving/cors]', async () => {
  const { request } = await import('node:http')
  const status = await new Promise((resolve, reject) => {
    const sent = request(`${server.url}/health`, { headers: { host: 'evil.example' } })
    sent.on('response', (response) => resolve(response.resume().statusCode))
    sent.on('error', reject).end()
  })
  expect(status).toBe(403)
})

test('a body over the limit is 413 and one that is no message 400 [slack/serving/bounded]', async () => {
  const padding = 'x'.repeat(2_048)
  const large = await server.modern('tools/call', { name: 'a', arguments: { padding } })
  expect([large.status, large.body?.error.data.code]).toEqual([413, 'request_too_large'])
  for (const body of ['{ no json', '[]', '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', '7']) {
    expect([body, (await server.post(body)).status]).toEqual([body, 400])
  }
  const typed = await server.post(LIST, { headers: { 'content-type': 'text/plain' } })
  expect(typed.status).toBe(415)
})

test('a caller beyond its rate is told when to come back [slack/serving/bounded]', async () => {
  await using slow = await RunningServer.start({
    env: { SLACK_RATE_PER_SECOND: '1', SLACK_RATE_BURST: '2' },
  })
  const told = await Promise.all([1, 2, 3].map(() => slow.modern('tools/list')))
  expect(told.map(({ status }) => status).toSorted()).toEqual([200, 200, 429])
  const refused = told.find(({ status }) => status === 429)
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
})
