import { TestIssuer } from '@sallyport/kit/testing/issuer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { send } from '../fixtures/send.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { ask, callTool, failureOf, textOf } from '../fixtures/wire.ts'

const FAILURES = 8
const PRESENTED = 2

let issuer: TestIssuer
let gateway: TestGateway
beforeAll(async () => {
  issuer = await TestIssuer.start()
  gateway = await startGateway({
    config: {
      auth: {
        anonymous: false,
        tokens: [{ name: 'test', value: '${env:TEST_TOKEN}' }],
        issuers: {
          main: { issuer: issuer.url, algorithms: ['ES256'], scopes: { 'mcp:call': 'caller' } },
        },
      },
      limits: { lockout: { failures: 0 } },
      metrics: { protect: true },
      mcpServers: { one: stdioServer({}) },
    },
  })
  await callTool(gateway, 'one__echo', { message: 'warm' })
}, 30_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

/** Statuses and codes of REST, of a list over MCP and of a call. */
async function answers(token: string | undefined) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const rest = await send(`${gateway.admin}/api/v1/status`, {
    method: 'GET',
    headers: authorization,
  })
  const target = { url: gateway.url, token: token ?? '' }
  const mcp =
    token === undefined ? await send(gateway.url, { body: {} }) : await ask(target, 'tools/list')
  return { rest: rest.status, mcp: mcp.status, metrics: await metrics(authorization) }
}

async function metrics(headers: Record<string, string>): Promise<number> {
  return (await send(`${gateway.admin}/metrics`, { method: 'GET', headers })).status
}

function create(name: string, ...more: readonly string[]): Promise<{ key: string }> {
  return gateway.json(['keys', 'create', name, ...more])
}

const REFUSED = { rest: 401, mcp: 401, metrics: 401 }

/** A token without a signature, as an attacker would write it. */
function unsigned(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none', typ: 'at+jwt' })}.${part(claims)}.`
}

test('scenario 10: whoever brings no valid credential is answered 401, on REST, MCP and metrics alike [keys/scenario-10]', async () => {
  const expiring = await create('expiring', '--role', 'admin', '--expires', '1s')
  const revoked = await create('revoked', '--role', 'admin')
  await gateway.json(['keys', 'revoke', 'revoked'])
  const good = {
    iss: issuer.url,
    sub: 'alice',
    aud: gateway.data,
    scope: 'mcp:call',
    exp: 9_999_999_999,
  }
  const other = await TestIssuer.start()
  await using _other = other
  const tokens: Record<string, string | undefined> = {
    none: undefined,
    wrong: `${gateway.token.slice(0, -1)}${gateway.token.endsWith('A') ? 'B' : 'A'}`,
    revoked: revoked.key,
    'cut key': revoked.key.slice(0, -1),
    unsigned: unsigned(good),
    'wrong audience': await issuer.sign({ claims: { ...good, aud: 'https://other.example' } }),
    'unknown issuer': await other.sign({ claims: { aud: gateway.data, scope: 'mcp:call' } }),
  }
  for (const [name, token] of Object.entries(tokens)) {
    expect(await answers(token), name).toEqual(REFUSED)
  }
  await waitUntil('the key to expire', async () => (await answers(expiring.key)).rest === 401)
  expect(await answers(expiring.key), 'expired').toEqual(REFUSED)
  // The provider's own token for this gateway is good: what was refused was refused for its fault.
  const fine = await issuer.sign({ claims: { aud: gateway.data, scope: 'mcp:call' } })
  expect((await answers(fine)).mcp).toBe(200)
}, 30_000)

test('scenario 10: a viewer neither changes anything over REST nor calls a tool over MCP [keys/scenario-10]', async () => {
  const { key } = await create('looker', '--role', 'viewer')
  const headers = { authorization: `Bearer ${key}` }
  expect(await answers(key)).toMatchObject({ rest: 200, mcp: 200 })
  for (const [method, path] of [
    ['POST', 'servers/one/restart'],
    ['POST', 'keys'],
    ['DELETE', 'keys/looker'],
    ['POST', 'config/reload'],
    ['POST', 'drain'],
  ] as const) {
    const url = `${gateway.admin}/api/v1/${path}`
    const body = method === 'POST' ? { body: {} } : {}
    expect((await send(url, { method, headers, ...body })).status, path).toBe(403)
  }
  const called = await callTool({ url: gateway.url, token: key }, 'one__echo', { message: 'x' })
  expect(failureOf(called)).toMatchObject({ code: 'forbidden' })
})

test('scenario 10: a rotated key is good in its grace and refused after it, on REST and MCP [keys/scenario-10]', async () => {
  const { key } = await create('turned', '--role', 'admin')
  const turned = await gateway.json<{ key: string }>([
    'keys',
    'rotate',
    'turned',
    '--overlap',
    '2s',
  ])
  const [old, next] = [await answers(key), await answers(turned.key)]
  expect([old, next]).toEqual(Array(PRESENTED).fill({ rest: 200, mcp: 200, metrics: 200 }))
  await waitUntil('the grace to end', async () => (await answers(key)).rest === 401)
  expect(await answers(key)).toEqual(REFUSED)
  expect(await answers(turned.key)).toMatchObject({ rest: 200, mcp: 200 })
  const called = await callTool({ url: gateway.url, token: turned.key }, 'one__echo', {
    message: 'x',
  })
  expect(textOf(called)).toContain('x')
}, 20_000)

test('scenario 10: an address that fails too often is told to wait, and whoever has a valid key passes [keys/scenario-10]', async () => {
  const limits = { lockout: { failures: FAILURES, window: '1m', hold: '1m' } }
  await using strict = await startGateway({ config: { limits } })
  const wrong = { url: strict.url, token: 'A'.repeat(40) }
  const statuses: number[] = []
  for (let tries = 0; tries < FAILURES + 2; tries += 1) {
    statuses.push((await ask(wrong, 'tools/list')).status)
  }
  expect(statuses.slice(0, FAILURES - 1)).toEqual(Array(FAILURES - 1).fill(401))
  expect(statuses.at(-1)).toBe(429)
  const headers = { authorization: `Bearer ${wrong.token}` }
  const rest = await send(`${strict.admin}/api/v1/status`, { method: 'GET', headers })
  expect([rest.status, Number(rest.headers['retry-after']) > 0]).toEqual([429, true])
  expect((await ask(strict, 'tools/list')).status).toBe(200)
}, 20_000)
