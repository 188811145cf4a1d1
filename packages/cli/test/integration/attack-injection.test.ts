import { Agent } from 'node:http'
import { type RouteId, ROUTES, type RouteSpec } from '@sallyport/contract/admin'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Attacked, type CallerName } from '../fixtures/attack.ts'
import type { Answer } from '../fixtures/send.ts'
import { callTool } from '../fixtures/wire.ts'

/** In every row of somebody else; no answer to `acme-admin` may hold it. */
const CANARY = 'beta-canary'

const PAYLOADS = [
  "'",
  '"',
  "' OR '1'='1",
  "' OR 1=1 --",
  "x') OR ('1'='1",
  "'; DROP TABLE keys; --",
  "' UNION SELECT name, hash FROM keys --",
  '1; SELECT pg_sleep(9)',
  "' || (SELECT hash FROM keys LIMIT 1) || '",
  '%',
  '_',
  '*',
  '\\',
  '$1',
  '?1',
  '${env:HOME}',
  '../../etc/passwd',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e\u2066',
  '-1',
  '999999999999999999999',
  'NaN',
  '[object Object]',
  '__proto__',
  'constructor',
  'x'.repeat(700),
  '\r\nx-evil: 1',
] as const

/** Those that hold a connection, or take the gateway away from the others. */
const LEFT_OUT: readonly RouteId[] = [
  'events.watch',
  'drain.start',
  'drain.end',
  'config.reload',
  'audit.verify',
]
const TABLE = (Object.entries(ROUTES) as [RouteId, RouteSpec][]).filter(
  ([id]) => !LEFT_OUT.includes(id),
)

/** Bodies that would be good, so that a payload in one field gets past the others. */
const GOOD: Readonly<Partial<Record<RouteId, object>>> = {
  'keys.create': { name: 'good' },
  'roles.create': { name: 'good', permissions: [] },
  'tenants.create': { name: 'good' },
  'groups.create': { name: 'good', definition: { members: ['own'] } },
  'endpoints.create': { name: 'good', definition: { servers: ['own'] } },
  'checklist.attest': {
    ...{ item: 'attest/on-call', by: 'Ada', note: 'seen' },
    expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
  },
  'checklist.sign': { role: 'security', by: 'Ada', report: 'r1' },
  'checklist.accept': { name: 'p95', value: 1, unit: 'ms', at: '2026-11-21T12:00:00.000Z' },
  'checklist.drilled': {
    ...{ drill: 'stop', ok: true, steps: [], figures: [] },
    ...{ startedAt: '2026-11-21T12:00:00.000Z', endedAt: '2026-11-21T12:00:00.000Z' },
  },
  'servers.create': { name: 'good', definition: { url: 'https://example.com/mcp' } },
}

interface Try {
  readonly id: RouteId
  readonly where: string
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  /** Whether an answer with items must have none. */
  readonly filters: boolean
}

const keysOf = (schema: z.ZodType | undefined): string[] => {
  if (schema === undefined) return []
  const { properties } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return Object.keys(properties ?? {})
}

/** Lone surrogates have no place in an address. */
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())

const filled = (path: string, value: string): string => path.replaceAll(/:\w+/g, value)

/** All tries of one route with one payload. */
function triesOf(id: RouteId, spec: RouteSpec, payload: string): Try[] {
  const { method, path, query } = spec
  const value = encoded(payload)
  const good = JSON.stringify(GOOD[id] ?? {})
  const body = spec.body === undefined ? undefined : good
  const base = { id, method, filters: false }
  const target = filled(path, 'own')
  const inPath = path.includes(':')
    ? [{ ...base, where: 'path', path: filled(path, value), body }]
    : []
  // What no schema knows is refused before anything reads it: one payload shows that.
  const unknown = payload === PAYLOADS[0] ? ['unknown'] : []
  const inQuery = [...keysOf(query), ...unknown].map((key) => ({
    ...{ ...base, where: `query ${key}`, body, filters: key !== 'unknown' },
    path: `${target}?${key}=${value}`,
  }))
  // A password costs a quarter of a second to check, and is no part of any statement.
  const fields = keysOf(spec.body).filter((key) => key !== 'password')
  const inBody = fields.map((key) => ({
    ...{ ...base, where: `body ${key}`, path: target },
    body: JSON.stringify({ ...goodOf(id), [key]: payload }),
  }))
  return [...inPath, ...(method === 'GET' ? inQuery : []), ...inBody]
}

let goods = 0
/** A body that is stored, under a name of its own, where that costs no new configuration. */
function goodOf(id: RouteId): object {
  goods += 1
  const isCheap = ['keys.create', 'roles.create', 'tenants.create'].includes(id)
  return { ...GOOD[id], ...(isCheap && { name: `good-${goods}` }) }
}

const LOGIN_TRIES = 6

function tries(): Try[] {
  return TABLE.flatMap(([id, spec]) => {
    const payloads = id === 'auth.login' ? PAYLOADS.slice(0, LOGIN_TRIES) : PAYLOADS
    return payloads.flatMap((payload) => triesOf(id, spec, payload))
  })
}

const AT_ONCE = 16

async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** What is wrong with an answer; undefined where nothing is. */
function faultOf(one: Try, name: CallerName, { status, text, json }: Answer): string | undefined {
  const items = json['items'] as unknown[] | undefined // of a list
  const say = (what: string): string =>
    `${name} ${one.id} ${one.where} ${one.path.slice(0, 120)}: ${what}`
  if (status >= 500) return say(`${status} ${text.slice(0, 200)}`)
  if (/syntax error|sqlite|postgres|pg_|SELECT|column|constraint/i.test(text) && status >= 400) {
    if (!one.path.includes('SELECT') && !(one.body ?? '').includes('SELECT'))
      return say(text.slice(0, 200))
  }
  if (one.filters && status === 200 && (items?.length ?? 0) > 0) return say(`${items?.length} rows`)
  if (name === 'acme-admin' && text.includes(CANARY)) return say('rows of another tenant')
  return undefined
}

const ENGINES = ['sqlite', 'postgres'] as const

describe.each(ENGINES)('%s', (engine) => {
  const isHere = engine === 'sqlite' || postgresAvailable()
  let attacked: Attacked
  const resources = new AsyncDisposableStack()
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  beforeAll(async () => {
    if (!isHere) return
    const postgres =
      engine === 'postgres' ? resources.use(await startPostgres({ fsync: 'off' })) : undefined
    const config = postgres === undefined ? {} : { store: postgres.url, masterKey: 'ab'.repeat(32) }
    attacked = resources.use(await Attacked.start({ config }))
    const create = (what: string, body: object) =>
      attacked.api('root', 'POST', `/api/v1/${what}`, { body })
    await create('keys', { name: `${CANARY}-key`, tenant: 'beta' })
    await create('users', {
      name: CANARY,
      tenant: 'beta',
      roles: ['caller'],
      password: 'seven brown foxes',
    })
    await create('tenants', { name: `${CANARY}-tenant` })
    await callTool(attacked.target('beta'), 'spy__echo', { [CANARY]: CANARY })
  })
  afterAll(async () => {
    agent.destroy()
    await resources.disposeAsync()
  })

  test.runIf(isHere).each(['root', 'acme-admin'] as const)(
    'no text that %s puts anywhere in a request is SQL, a failure, or leads to rows of others [attacks/injection]',
    async (name) => {
      const faults: string[] = []
      const all = tries().filter(({ id }) => name === 'root' || id !== 'auth.login')
      await inTurns(all, async (one) => {
        const headers = { 'if-match': '"1"' }
        const answer = await attacked.api(name, one.method, one.path, {
          headers,
          agent,
          ...(one.body !== undefined && { body: one.body }),
        })
        const fault = faultOf(one, name, answer)
        if (fault !== undefined) faults.push(fault)
      })
      expect(all.length).toBeGreaterThan(1_000)
      expect([...new Set(faults.map((fault) => fault.split(' ').slice(0, 4).join(' ')))]).toEqual(
        [],
      )
      expect(faults).toEqual([])
      // Everything is still there, and what was stored can be read.
      for (const what of ['roles', 'tenants', 'users', 'entries']) {
        const list = await attacked.api('root', 'GET', `/api/v1/${what}?limit=500`)
        expect([what, list.status]).toEqual([what, 200])
      }
      const { text } = await attacked.api('root', 'GET', '/api/v1/keys?limit=500')
      expect(text).toContain(`${CANARY}-key`)
    },
    60_000,
  )

  test.runIf(isHere)(
    'numbers and versions beyond all bounds are refused, not failed on [attacks/injection]',
    async () => {
      const rows: [method: string, path: string, headers: Record<string, string>][] = [
        ...[
          '"2147483648"',
          '"999999999999999"',
          '"0"',
          '"-1"',
          '""',
          '*',
          'W/"1"',
          '"1", "2"',
          "\"1' OR '1'='1\"",
        ].flatMap((version) =>
          [
            'keys/own',
            'users/own',
            'roles/own',
            'tenants/own',
            `keys/${CANARY}-key`,
            `users/${CANARY}`,
          ].map((path): [string, string, Record<string, string>] => [
            'PATCH',
            `/api/v1/${path}`,
            { 'if-match': version },
          ]),
        ),
        ...['0', '-1', '2147483648', '9223372036854775808', '1e3', '0x1', '1.5', ' 1'].map(
          (id): [string, string, Record<string, string>] => [
            'GET',
            `/api/v1/config/history/${encodeURIComponent(id)}`,
            {},
          ],
        ),
        ...['0', '-1', '1001', '99999999999', '1e2', ''].map(
          (limit): [string, string, Record<string, string>] => [
            'GET',
            `/api/v1/audit?limit=${limit}`,
            {},
          ],
        ),
        ...[
          '+275760-09-13T00:00:00Z',
          '0000-01-01T00:00:00Z',
          '9999-12-31T23:59:59.999999999Z',
          '2026-13-01T00:00:00Z',
          '-000001-01-01T00:00:00Z',
        ].map((since): [string, string, Record<string, string>] => [
          'GET',
          `/api/v1/audit?since=${encodeURIComponent(since)}`,
          {},
        ]),
      ]
      for (const [method, path, headers] of rows) {
        const answer = await attacked.api('root', method, path, {
          headers,
          agent,
          ...(method === 'PATCH' && { body: {} }),
        })
        expect([path, headers, answer.status < 500, answer.text]).toEqual([
          path,
          headers,
          true,
          answer.text,
        ])
      }
    },
  )

  test.runIf(isHere)(
    'cursors that nobody was given are refused, and one of another list or caller shows nothing of others [attacks/injection]',
    async () => {
      const lists = TABLE.filter(
        ([, { method, path, query }]) =>
          method === 'GET' && !path.includes(':') && keysOf(query).includes('cursor'),
      )
      expect(lists.length).toBeGreaterThan(5)
      const forge = (key: string): string => Buffer.from(`1:${key}`).toString('base64url')
      const forged = [
        "' OR 1=1 --",
        '',
        '0',
        '\u0000',
        '0000000000000000',
        '\uffff',
        '{"tenant":"beta"}',
        '0000000000000000 x',
        `${CANARY}`,
        '-1',
        'x'.repeat(499),
      ].map(forge)
      for (const [, { path }] of lists) {
        for (const cursor of [
          ...forged,
          'x',
          '==',
          Buffer.from('2:x').toString('base64url'),
          Buffer.from([0xff, 0xfe]).toString('base64url'),
        ]) {
          const answer = await attacked.api(
            'acme-admin',
            'GET',
            `${path}?cursor=${encodeURIComponent(cursor)}`,
            { agent },
          )
          expect([
            path,
            cursor,
            [200, 400, 403].includes(answer.status),
            answer.text.includes(CANARY),
          ]).toEqual([path, cursor, true, false])
        }
      }
    },
  )
})
