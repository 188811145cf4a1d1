/** Scenario 11: two tenants with different lists, as their callers find them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callers } from '../fixtures/callers.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import {
  ask,
  callTool,
  failureOf,
  listToolNames,
  LegacySession,
  type Target,
  textOf,
} from '../fixtures/wire.ts'

type Json = Readonly<Record<string, unknown>>

const { auth, next } = callers(1)
const ADMIN = next()
const GUESSES = ['files', 'pay', 'none'].flatMap((server) =>
  ['echo', 'wait', 'steps', 'nope'].map((tool) => `${server}__${tool}`),
)

let gateway: TestGateway
/** By name of the key. */
const keys = new Map<string, { readonly id: string; readonly key: string }>()

beforeAll(async () => {
  const tokens = (auth as { tokens: Json[] }).tokens.map((token) =>
    token['value'] === ADMIN ? { ...token, roles: ['admin'] } : token,
  ) // as `callers` makes them
  gateway = await startGateway({
    config: { auth: { tokens }, mcpServers: { files: stdioServer(), pay: stdioServer() } },
  })
  const tools = { allow: ['*__echo', 'files__*'], deny: ['*__wait'] }
  await admin('POST', 'tenants', { name: 'acme', servers: ['files'], tools })
  await admin('POST', 'tenants', { name: 'globex', tools: { allow: ['pay__*', '*__wait'] } })
  await makeKey({ name: 'ann', tenant: 'acme' })
  await makeKey({ name: 'gus', tenant: 'globex' })
  await makeKey({ name: 'guy', tenant: 'globex', servers: ['pay'], tools: { allow: ['*__echo'] } })
}, 30_000)
afterAll(() => gateway[Symbol.asyncDispose]())

async function admin(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: Json,
  more: Record<string, string> = {},
): Promise<Answer> {
  const type = body ? { 'content-type': 'application/json' } : {}
  const headers = { authorization: `Bearer ${ADMIN}`, ...type, ...more }
  const answer = await send(`${gateway.admin}/api/v1/${path}`, {
    ...{ method, headers },
    ...(body && { body }),
  })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return answer
}

async function makeKey(body: Json & { readonly name: string }): Promise<void> {
  const { id, key } = JSON.parse((await admin('POST', 'keys', body)).text) as {
    id: string
    key: string
  } // documented
  keys.set(body.name, { id, key })
}

const as = (name: string, at = gateway.url): Target => ({
  url: at,
  token: keys.get(name)?.key ?? '',
})

/** What is left of an answer when the name that was asked for and the request's own id are taken out. */
function bare({ status, headers, text }: Answer, name: string): Json {
  const own = text.replaceAll(name, 'NAME').replace(/"requestId":"[^"]*"/, '')
  const { date: _date, 'x-request-id': _id, 'content-length': _length, ...others } = headers
  return { status, text: own, headers: others }
}

test.each([
  ['ann', ['files__echo', 'files__steps']],
  ['gus', ['files__wait', 'pay__echo', 'pay__steps', 'pay__wait']],
  ['guy', ['pay__echo']],
] as const)(
  'scenario 11: %s has on its list exactly what can be called, deny wins, and the rest is as if it were not there [tenancy/sight/agrees] [tenancy/sight/missing]',
  async (who, expected) => {
    const shown = await listToolNames(as(who))
    expect(shown.filter((name) => GUESSES.includes(name))).toEqual(expected)
    const missing = bare(await callTool(as(who), 'none__nope'), 'none__nope')
    for (const name of GUESSES) {
      const answer = await callTool(as(who), name, { ms: 1, count: 1 })
      const isThere = answer.json.result !== undefined
      expect([name, isThere]).toEqual([name, shown.includes(name)])
      if (!isThere) expect(bare(answer, name)).toEqual(missing)
    }
  },
)

test('scenario 11: the address of a hidden server is that of none [tenancy/sight/missing]', async () => {
  const at = (server: string): string => `${gateway.data}/servers/${server}/mcp`
  const answers = await Promise.all(
    ['pay', 'nil'].map(async (server) =>
      bare(await ask(as('ann', at(server)), 'tools/list'), server),
    ),
  )
  expect(answers[0]).toEqual(answers[1])
  expect(answers[0]).toMatchObject({ status: 404 })
})

test('scenario 11: guessing takes as long for what is hidden as for what is not there [tenancy/sight/missing]', async () => {
  const took: Record<'files__wait' | 'files__nope', number[]> = { files__wait: [], files__nope: [] }
  for (let round = 0; round < 150; round += 1) {
    for (const name of ['files__wait', 'files__nope'] as const) {
      const startedMs = performance.now()
      await callTool(as('ann'), name)
      took[name].push(performance.now() - startedMs)
    }
  }
  const median = (all: number[]): number => all.toSorted((a, b) => a - b)[all.length / 2] ?? 0
  const [hidden, missing] = [median(took.files__wait), median(took.files__nope)]
  expect(Math.abs(hidden - missing)).toBeLessThan(Math.max(0.5, missing / 2))
})

test('scenario 11: what a tenant may see is changed, and the next call of a live session obeys [tenancy/sight/live]', async () => {
  const session = await LegacySession.open(as('gus'))
  const call = async () => (await session.call('pay__echo', { message: 'hi' })).json
  expect((await call()).result).toBeDefined()
  const shown = await admin('GET', 'tenants/globex')
  const etag = String(shown.headers['etag'])
  const changed = await admin(
    'PATCH',
    'tenants/globex',
    { servers: ['files'] },
    { 'if-match': etag },
  )
  expect((await call()).error).toMatchObject({ code: -32_602, message: 'Unknown tool: pay__echo' })
  expect(await listToolNames(as('gus'))).toEqual(['files__wait'])
  const back = String(changed.headers['etag'])
  await admin('PATCH', 'tenants/globex', { servers: null }, { 'if-match': back })
  expect((await call()).result).toBeDefined()
})

test('scenario 11: a suspended principal’s next call is refused, until it is resumed', async () => {
  const session = await LegacySession.open(as('ann'))
  const call = () => session.call('files__echo', { message: 'hi' })
  expect((await call()).status).toBe(200)
  const principal = encodeURIComponent(`key:${keys.get('ann')?.id}`)
  await admin('POST', `principals/${principal}/suspend`, { reason: 'scenario 11' })
  const refused = await call()
  expect([refused.status, failureOf(refused) ?? refused.json]).toMatchObject([
    403,
    { code: 'suspended' },
  ])
  expect((await callTool(as('gus'), 'pay__echo')).status).toBe(200)
  await admin('POST', `principals/${principal}/resume`, {})
  expect((await call()).status).toBe(200)
})

test('scenario 11: a blocked server stays blocked after a call and after a restart [fleet/block]', async () => {
  await admin('POST', 'servers/files/block', { reason: 'scenario 11' })
  const blocked = async () => failureOf(await callTool(as('ann'), 'files__echo'))?.code
  expect([await blocked(), await blocked()]).toEqual(['server_blocked', 'server_blocked'])
  expect(await listToolNames(as('ann'))).not.toContain('files__echo')
  await gateway.stop()
  await gateway.restart()
  expect(await blocked()).toBe('server_blocked')
  await admin('POST', 'servers/files/unblock', {})
  await waitUntil('the server to be back', async () => {
    return textOf(await callTool(as('ann'), 'files__echo', { message: 'back' })) === 'back'
  })
})
