import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { ManualClock } from '@sallyport/kit/clock'
import { Credentials, Door, Lockout } from '@sallyport/kit/door'
import { type Listener, openListener, sendError } from '@sallyport/kit/http'
import { RateLimits } from '@sallyport/kit/limits'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'

const token = 'k3J9xQ2mZ7pL0vB5nR8tY1wC4sD6fG_h'
const methods = 'POST, GET, DELETE'

/** A listener that answers who came in, and nothing to anybody else. */
function open(origins: string[]): Promise<Listener> {
  const clock = new ManualClock()
  const door = new Door(
    { host: '127.0.0.1', allowedHosts: [], origins, trustedProxies: [], anonymous: false },
    {
      credentials: new Credentials(clock, [{ name: 'ops', values: [new Secret(token)] }]),
      rates: new RateLimits(clock, { capacity: 1_000, refillPerSecond: 1_000 }),
      lockout: new Lockout(clock, { failures: 5, windowMs: 60_000, holdMs: 60_000 }),
      onRefused: () => undefined,
    },
  )
  return openListener({
    address: { host: '127.0.0.1', port: 0 },
    limits: { headerBytes: 8_192, requestMs: 5_000, connections: 100, connectionsPerAddress: 100 },
    handler: async (req, res) => {
      const preflight = req.method === 'OPTIONS'
      const verdict = await door.judge(req, { auth: preflight ? 'none' : 'required' })
      if ('pass' in verdict && preflight) return door.cors.preflight(req, res, methods)
      door.cors.apply(req, res)
      if ('pass' in verdict) return void res.end(verdict.pass.principal?.id)
      sendError(res, verdict.refuse, verdict.requestId, { challenge: verdict.challenge })
    },
  })
}

async function ask(
  listener: Listener,
  method: string,
  headers: Record<string, string | string[]>,
): Promise<IncomingMessage> {
  const req = request({ host: '127.0.0.1', port: listener.port, method, headers })
  req.end(method === 'POST' ? '{}' : undefined)
  const [answer] = (await once(req, 'response')) as [IncomingMessage] // the event's one argument
  answer.resume()
  await once(answer, 'end')
  return answer
}

test.each(['POST', 'GET', 'DELETE', 'OPTIONS'])(
  '%s from a foreign origin or for a foreign name is refused, whatever the credential [door/origin/foreign] [door/host/foreign]',
  async (method) => {
    await using listener = await open(['https://app.example.com'])
    const port = String(listener.port)
    for (const origin of [
      'https://evil.com',
      'null',
      'https://app.example.com.evil.com',
      'https://app.example.com:8443',
      'http://app.example.com',
      `http://localhost:${port}`,
    ]) {
      const answer = await ask(listener, method, { origin, authorization: `Bearer ${token}` })
      expect([origin, answer.statusCode]).toEqual([origin, 403])
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
      expect(answer.headers['x-request-id']).toBeDefined()
    }
    for (const host of ['evil.com', `localhost.evil.com:${port}`, `127.0.0.1.evil.com:${port}`]) {
      const answer = await ask(listener, method, { host, authorization: `Bearer ${token}` })
      expect([host, answer.statusCode]).toEqual([host, 403])
    }
  },
)

test('without a credential every method but OPTIONS is challenged [door/challenge]', async () => {
  await using listener = await open([])
  for (const method of ['POST', 'GET', 'DELETE', 'PUT', 'HEAD']) {
    const answer = await ask(listener, method, {})
    expect([method, answer.statusCode]).toEqual([method, 401])
    expect(answer.headers['www-authenticate']).toBe('Bearer')
  }
  const query = request({
    host: '127.0.0.1',
    port: listener.port,
    path: `/mcp?access_token=${token}&key=${token}`,
  }).end()
  const [answer] = (await once(query, 'response')) as [IncomingMessage] // as above
  expect(answer.statusCode).toBe(401)
  answer.resume()
})

test('a preflight from a known origin is told what it may send, never with a wildcard [door/cors/preflight]', async () => {
  await using listener = await open(['https://app.example.com'])
  const answer = await ask(listener, 'OPTIONS', {
    origin: 'https://app.example.com',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'mcp-method, Mcp-Param-Region, x-evil, mcp-param-bad name',
  })
  expect(answer.statusCode).toBe(204)
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example.com',
    'access-control-allow-methods': methods,
    'access-control-allow-headers':
      'Authorization, X-API-Key, Content-Type, Accept, Mcp-Session-Id, MCP-Protocol-Version, ' +
      'Mcp-Method, Mcp-Name, Last-Event-ID, Idempotency-Key, traceparent, tracestate, ' +
      'mcp-param-region',
    vary: expect.stringContaining('Origin'),
  })
  expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
})

test('a page of a known origin may read answers and refusals, and the headers it needs [door/cors/readable]', async () => {
  await using listener = await open(['https://app.example.com'])
  const origin = 'https://app.example.com'
  const good = await ask(listener, 'POST', { origin, authorization: `Bearer ${token}` })
  const bad = await ask(listener, 'POST', { origin })
  expect([good.statusCode, bad.statusCode]).toEqual([200, 401])
  for (const { headers } of [good, bad]) {
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers':
        'Mcp-Session-Id, MCP-Protocol-Version, x-request-id, Retry-After, WWW-Authenticate',
      vary: 'Origin',
    })
  }
})

test('a page served by the very listener may ask it, and needs no CORS', async () => {
  await using listener = await open([])
  const host = `localhost:${listener.port}`
  const answer = await ask(listener, 'POST', {
    host,
    origin: `http://${host}`,
    authorization: `Bearer ${token}`,
  })
  expect([answer.statusCode, answer.headers.vary]).toEqual([200, undefined])
})

test('two Host lines, two Authorization lines and no Host are refused [door/host/ambiguous] [door/credential/twice]', async () => {
  await using listener = await open([])
  const authorization = `Bearer ${token}`
  const twice = await ask(listener, 'GET', { authorization: [authorization, authorization] })
  expect(twice.statusCode).toBe(401)
  const req = request({
    host: '127.0.0.1',
    port: listener.port,
    setHost: false,
    headers: ['Authorization', authorization] as never, // raw pairs; the types know objects only
  })
  req.end()
  const [answer] = (await once(req, 'response')) as [IncomingMessage] // as above
  expect(answer.statusCode).toBe(403)
  answer.resume()
})
