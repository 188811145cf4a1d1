import { setTimeout as sleep } from 'node:timers/promises'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Attacked, codeOf } from '../fixtures/attack.ts'
import { EventStream } from '../fixtures/event-stream.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import {
  ACCEPT,
  callTool,
  failureOf,
  LegacySession,
  modernBody,
  modernHeaders,
} from '../fixtures/wire.ts'

/** Another process hears of it within a second; the rest is for a busy machine. */
const ELSEWHERE_MS = 4_000

interface Key {
  readonly id: string
  readonly name: string
  readonly key: string
}

let made = 0
async function makeKey(attacked: Attacked, more: object = {}): Promise<Key> {
  made += 1
  const body = { name: `revoked-${made}`, ...more }
  const { json, text } = await attacked.api('root', 'POST', '/api/v1/keys', { body })
  if (typeof json['key'] !== 'string') throw new Error(text)
  return json as unknown as Key // the answer to it
}

const own = (key: Key, url: string): { url: string; token: string } => ({ url, token: key.key })

async function change(attacked: Attacked, { id }: Key, body: object): Promise<Answer> {
  const { json } = await attacked.api('root', 'GET', `/api/v1/keys/${id}`)
  const headers = { 'if-match': `"${String(json['version'])}"` }
  return attacked.api('root', 'PATCH', `/api/v1/keys/${id}`, { body, headers })
}

/** What takes a key's rights away, and how its next call is answered. */
const ENDS: readonly (readonly [
  name: string,
  end: (attacked: Attacked, key: Key) => Promise<unknown>,
  status: number,
  code: string,
])[] = [
  [
    'revoked',
    (attacked, { id }) => attacked.api('root', 'DELETE', `/api/v1/keys/${id}`),
    401,
    'credential_invalid',
  ],
  [
    'revoked by name',
    (attacked, { name }) => attacked.api('root', 'DELETE', `/api/v1/keys/${name}`),
    401,
    'credential_invalid',
  ],
  [
    'suspended',
    (attacked, { id }) =>
      attacked.api('root', 'POST', `/api/v1/principals/key:${id}/suspend`, { body: {} }),
    403,
    'suspended',
  ],
  [
    'turned without overlap',
    (attacked, { id }) =>
      attacked.api('root', 'POST', `/api/v1/keys/${id}/rotate`, { body: { overlapMs: 0 } }),
    401,
    'credential_invalid',
  ],
  [
    'expired',
    async (attacked, key) => {
      await change(attacked, key, { expiresInMs: 1_000 })
      await sleep(1_050)
    },
    401,
    'credential_invalid',
  ],
  [
    'limited to another address',
    (attacked, key) => change(attacked, key, { allowFrom: ['10.0.0.0/8'] }),
    403,
    'address_not_allowed',
  ],
]

describe('in this process', () => {
  let attacked: Attacked
  beforeAll(async () => {
    attacked = await Attacked.start()
  })
  afterAll(() => attacked[Symbol.asyncDispose]())

  test.concurrent.each(ENDS)(
    'a key that is %s is refused at its very next call, in both eras and on the admin API [attacks/revocation]',
    async (_name, end, status, code) => {
      const key = await makeKey(attacked)
      const caller = own(key, attacked.gateway.url)
      const session = await LegacySession.open(caller)
      expect(failureOf(await session.call('own__echo', { message: 'a' }))).toBeUndefined()
      await end(attacked, key)
      const before = attacked.spy.seen.length
      const answers = [
        await session.call('spy__echo', {}),
        await callTool(caller, 'spy__echo', {}),
        await session.request('tools/list'),
        await send(attacked.gateway.url, { method: 'GET', headers: session.headers }),
        await send(`${attacked.gateway.admin}/api/v1/auth/me`, {
          method: 'GET',
          headers: { authorization: `Bearer ${key.key}` },
        }),
      ]
      expect(answers.map((answer) => [answer.status, codeOf(answer)])).toEqual(
        answers.map(() => [status, code]),
      )
      expect(attacked.spy.seen.length).toBe(before)
    },
  )

  test.concurrent.each(ENDS)(
    'open streams of a key that is %s are closed, and tell it nothing more [attacks/revocation]',
    async (_name, end) => {
      const key = await makeKey(attacked)
      const caller = own(key, attacked.gateway.url)
      const session = await LegacySession.open(caller)
      await using news = await EventStream.open(caller.url, {
        ...session.headers,
        accept: 'text/event-stream',
      })
      const filter = { notifications: { toolsListChanged: true } }
      await using listen = await EventStream.open(
        caller.url,
        { ...modernHeaders(key.key, 'subscriptions/listen'), accept: ACCEPT },
        modernBody('subscriptions/listen', filter),
      )
      await using sse = await EventStream.open(`${attacked.gateway.data}/sse`, {
        authorization: `Bearer ${key.key}`,
        accept: 'text/event-stream',
      })
      const streams = [news, listen, sse]
      expect(streams.map(({ status }) => status)).toEqual([200, 200, 200])
      await waitUntil('the streams to have begun', () => sse.text !== '')
      await end(attacked, key)
      await waitUntil('the streams to end', () => streams.every(({ ended }) => ended), ELSEWHERE_MS)
      const told = streams.map(({ text }) => text.length)
      await callTool(attacked.target('root'), 'own__grow')
      expect(streams.map(({ text }) => text.length)).toEqual(told)
    },
  )

  test('an end of one key ends nothing of another [attacks/revocation]', async () => {
    const [one, two] = [await makeKey(attacked), await makeKey(attacked)]
    const session = await LegacySession.open(own(two, attacked.gateway.url))
    await using stream = await EventStream.open(attacked.gateway.url, {
      ...session.headers,
      accept: 'text/event-stream',
    })
    await attacked.api('root', 'DELETE', `/api/v1/keys/${one.id}`)
    expect(await session.request('tools/list')).toMatchObject({ status: 200 })
    expect([stream.status, stream.ended]).toEqual([200, false])
  })

  test('a session that is suspended or ended is over for its own key, and whoever suspends is not suspended by it [attacks/revocation]', async () => {
    const key = await makeKey(attacked)
    const session = await LegacySession.open(own(key, attacked.gateway.url))
    const { json } = await attacked.api('root', 'GET', `/api/v1/sessions?principal=key:${key.id}`)
    const [{ id }] = json['items'] as [{ id: string }] // the one that was opened
    await attacked.api('root', 'POST', `/api/v1/sessions/${id}/suspend`, { body: {} })
    expect(
      failureOf(await session.call('own__echo'))?.code ?? codeOf(await session.call('own__echo')),
    ).toBe('suspended')
    await attacked.api('root', 'DELETE', `/api/v1/sessions/${id}`)
    expect((await session.call('own__echo')).status).not.toBe(200)
  })

  const versionOf = async (path: string): Promise<string> => {
    const { json } = await attacked.api('root', 'GET', `/api/v1/${path}`)
    return `"${String(json['version'])}"`
  }

  test('a role or tenant that is taken away is gone at the next call [attacks/revocation]', async () => {
    await attacked.api('root', 'POST', '/api/v1/roles', {
      body: { name: 'short', permissions: ['mcp.list', 'mcp.call'] },
    })
    await attacked.api('root', 'POST', '/api/v1/tenants', { body: { name: 'short' } })
    const byRole = await makeKey(attacked, { role: 'short' })
    const byTenant = await makeKey(attacked, { tenant: 'short' })
    const call = async (key: Key): Promise<number> => {
      const before = attacked.spy.seen.filter(({ body }) => body.includes('tools/call')).length
      await callTool(own(key, attacked.gateway.url), 'spy__echo', {})
      return attacked.spy.seen.filter(({ body }) => body.includes('tools/call')).length - before
    }
    expect([await call(byRole), await call(byTenant)]).toEqual([1, 1])
    for (const what of ['roles', 'tenants']) {
      const removed = await attacked.api('root', 'DELETE', `/api/v1/${what}/short`, {
        headers: { 'if-match': await versionOf(`${what}/short`) },
      })
      expect([what, removed.status, removed.text]).toEqual([what, 204, ''])
    }
    expect([await call(byRole), await call(byTenant)]).toEqual([0, 0])
  })
})

describe.runIf(postgresAvailable())('in another process', () => {
  const resources = new AsyncDisposableStack()
  let attacked: Attacked
  let other: TestGateway
  beforeAll(async () => {
    const postgres = resources.use(await startPostgres({ fsync: 'off' }))
    const store = { store: postgres.url, masterKey: 'ab'.repeat(32) }
    const commands = [{ command: process.execPath, args: ['-e', '*'] }]
    attacked = resources.use(await Attacked.start({ config: { ...store, api: { commands } } }))
    other = resources.use(
      await startGateway({
        config: {
          ...store,
          mcpServers: { own: stdioServer() },
          limits: { lockout: { failures: 0 } },
        },
      }),
    )
  })
  afterAll(() => resources.disposeAsync())

  test.concurrent.each(ENDS)(
    'a key that is %s is refused there within a second, and its streams end [attacks/revocation]',
    async (_name, end, status, code) => {
      const key = await makeKey(attacked)
      const caller = own(key, other.url)
      await waitUntil(
        'the key to be known there',
        async () => (await callTool(caller, 'own__echo')).status === 200,
      )
      const session = await LegacySession.open(caller)
      await using stream = await EventStream.open(caller.url, {
        ...session.headers,
        accept: 'text/event-stream',
      })
      await end(attacked, key)
      const refused = (): Promise<Answer> => session.call('own__echo')
      await waitUntil(
        'the key to be refused there',
        async () => (await refused()).status === status,
        ELSEWHERE_MS,
      )
      expect(codeOf(await refused())).toBe(code)
      await waitUntil('its stream to end', () => stream.ended, ELSEWHERE_MS)
    },
  )

  test('a program that another process added is not started where the file does not allow it [attacks/commands]', async () => {
    const definition = { command: process.execPath, args: ['-e', 'setInterval(() => 0, 1000)'] }
    const { status } = await attacked.api('root', 'POST', '/api/v1/servers', {
      body: { name: 'planted', definition },
    })
    expect(status).toBe(201)
    const left = async (): Promise<boolean> => other.logs.includes('not in force')
    await waitUntil('the other process to hear of it', left, ELSEWHERE_MS)
    const answer = await callTool({ url: other.url, token: other.token }, 'planted__echo')
    expect(answer.json.error?.code).toBe(-32602)
    const children = await other.children()
    expect(children.filter(({ command }) => command.includes('setInterval'))).toEqual([])
  })
})
