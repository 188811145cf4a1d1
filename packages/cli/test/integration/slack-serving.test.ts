import { expect, onTestFinished, test } from 'vitest'
import { Rig } from '@sallyport/slack/testing/rig'
import { SlackServer } from '../fixtures/slack-server.ts'
import { startSlack } from '../fixtures/slack-world.ts'
import { send } from '../fixtures/send.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { initialize, LegacySession, listToolNames, modernBody } from '../fixtures/wire.ts'

const SITE = 'https://console.example.com'

test('a session that was idle for its whole life is unknown, one in use goes on, and none serves another token [slack/scenario-12]', async () => {
  const { server } = await startSlack({ SESSION_TTL_MS: '2000' })
  const [idle, busy] = [
    await LegacySession.open(server.as('alpha')),
    await LegacySession.open(server.as('alpha')),
  ]
  const stolen = await send(`${server.url}/mcp`, {
    headers: { ...busy.headers, authorization: `Bearer ${server.tokens.bravo}` },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
  })
  expect(stolen.status).toBe(404)
  const untilMs = performance.now() + 2_500
  await waitUntil('the life of a session to pass', async () => {
    expect((await busy.request('tools/list')).status).toBe(200)
    return performance.now() > untilMs
  })
  const late = await idle.request('tools/list')
  expect(late.status).toBe(404)
  expect(late.json.jsonrpc).toBe('2.0')
})

test('a thousand sessions that were left alone leave the server able to serve [slack/scenario-12]', async () => {
  const { server } = await startSlack({ SESSION_TTL_MS: '2000' })
  const tokens = Object.values(server.tokens)
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        send(`${server.url}/mcp`, {
          headers: { authorization: `Bearer ${tokens[at % tokens.length]}` },
          body: initialize(),
        }),
      ),
    )
  }
  expect(await listToolNames(server.as('alpha'))).toContain('slack_list_channels')
})

test('listed origins may call and read the session header, look-alikes and null are refused, others are not concerned [slack/scenario-13]', async () => {
  const { server } = await startSlack({ ALLOWED_ORIGINS: SITE })
  const call = (origin?: string, method = 'POST') =>
    send(`${server.url}/mcp`, {
      method,
      headers: {
        authorization: `Bearer ${server.tokens.alpha}`,
        ...(origin !== undefined && { origin }),
        ...(method === 'OPTIONS' && {
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,mcp-session-id',
        }),
      },
      ...(method === 'POST' && { body: initialize() }),
    })
  for (const method of ['POST', 'OPTIONS']) {
    const good = await call(SITE, method)
    expect(good.status).toBeLessThan(300)
    expect(good.headers['access-control-allow-origin']).toBe(SITE)
    expect(good.headers.vary?.toLowerCase()).toContain('origin')
    for (const foreign of [
      `${SITE}.evil.test`,
      'https://evil.test',
      'http://console.example.com',
      'null',
    ]) {
      const bad = await call(foreign, method)
      expect([foreign, method, bad.status]).toEqual([foreign, method, 403])
      expect(bad.headers['access-control-allow-origin']).toBeUndefined()
    }
  }
  const real = await call(SITE)
  expect(real.headers['access-control-expose-headers']?.toLowerCase()).toContain('mcp-session-id')
  expect((await call()).status).toBe(200)
})

test('without a good token every method of the endpoint is 401 with the same bytes, and health says its status alone [slack/scenario-14]', async () => {
  const { server } = await startSlack()
  const url = `${server.url}/mcp`
  const uniform = new Set<string>()
  for (const authorization of [
    undefined,
    `Bearer ${'x'.repeat(43)}`,
    `Basic ${Buffer.from(`a:${server.tokens.alpha}`).toString('base64')}`,
    'Bearer ',
  ]) {
    const headers = authorization === undefined ? {} : { authorization }
    for (const ask of [
      { method: 'POST', body: initialize() },
      { method: 'POST', body: modernBody('tools/list') },
      { method: 'POST', body: 'no json at all' },
      { method: 'GET' },
      { method: 'DELETE' },
    ]) {
      const answer = await send(url, { ...ask, headers })
      expect([authorization, ask.method, answer.status]).toEqual([authorization, ask.method, 401])
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
      const id = String(answer.headers['x-request-id'])
      if (authorization === undefined) uniform.add(answer.text.replaceAll(id, ''))
    }
  }
  expect(uniform.size).toBe(1)
  const inQuery = await send(`${url}?token=${server.tokens.alpha}&api_key=${server.tokens.alpha}`, {
    body: initialize(),
  })
  expect([400, 401]).toContain(inQuery.status)
  const health = await send(`${server.url}/health`, { method: 'GET' })
  expect([health.status, health.json]).toEqual([200, { status: 'ok' }])
})

test('no server starts without a token, or with one of less than 32 characters; two are good at a time [slack/scenario-14]', async () => {
  const rig = await Rig.open()
  onTestFinished(() => rig[Symbol.asyncDispose]())
  const server = await SlackServer.create(rig)
  onTestFinished(() => server[Symbol.asyncDispose]())
  for (const SALLYPORT_TOKEN of ['', 'short-token-of-few-characters']) {
    const refused = await server.run(['slack'], { SALLYPORT_TOKEN })
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('SALLYPORT_TOKEN')])
  }
  const { alpha, bravo } = server.tokens
  await server.restart({ SALLYPORT_TOKEN: `same=${alpha},same=${bravo}` })
  for (const who of ['alpha', 'bravo'] as const) {
    expect(await listToolNames(server.as(who))).toContain('slack_list_channels')
  }
})

test("the checklist's own curl is answered, and every answer carries its headers [slack/curl] [slack/headers]", async () => {
  const { server } = await startSlack()
  const answer = await send(`${server.url}/mcp`, {
    headers: { authorization: `Bearer ${server.tokens.alpha}`, 'content-type': 'application/json' },
    body: {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2024-11-05',
        capabilities: {},
        clientInfo: { name: 'test', version: '1.0.0' },
      },
    },
  })
  expect(answer.status).toBe(200)
  expect(answer.json.result).toMatchObject({ protocolVersion: '2024-11-05' })
  for (const path of ['/mcp', '/health', '/slack/install', '/nowhere']) {
    const { headers } = await send(`${server.url}${path}`, { method: 'GET' })
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['x-frame-options']).toBe('DENY')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['x-powered-by']).toBeUndefined()
  }
})
