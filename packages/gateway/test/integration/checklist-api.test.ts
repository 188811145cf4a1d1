import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFixture } from './admin-fixture.ts'

const BASE = '/api/v1/checklist'
const AT = '2026-11-21T12:00:00.000Z'
const SUMMARY = { proved: 1, attested: 0, not_applicable: 0, failed: 0, unproved: 0 }
const ITEM = {
  ...{ id: 'hangar/a/b', seed: 'hangar', section: 'A', title: 'B holds', phase: 'before' },
  ...{ cadence: 'week', role: 'security', state: 'proved', answers: [], evidence: [] },
  ...{ remedy: null, at: AT },
}
const REPORT = {
  ...{ format: 1, id: 'r1', version: '0', environment: 'local', profile: 'local', startedAt: AT },
  ...{ endedAt: AT, summary: SUMMARY, items: [ITEM], regressions: [], drills: [], signOffs: [] },
}

type Fixture = Awaited<ReturnType<typeof openFixture>>
let fixture: Fixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

async function ask(method: string, path: string, body?: unknown) {
  const { status, json } = await fixture.ask(`${BASE}/${path}`, {
    ...{ method, key: fixture.adminKey },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status, json: json as Record<string, never> } // what a test expects of it, it says itself
}

const later = (ms: number): string => new Date(Date.now() + ms).toISOString()
const ATTEST = { item: 'redis/password', by: 'Ada', note: 'seen', expiresAt: later(86_400_000) }

test('before the first report there is none, and nothing in any list', async () => {
  await using empty = await openFixture()
  const statusOf = async (path: string) =>
    (await empty.ask(`${BASE}/${path}`, { key: empty.adminKey })).status
  expect(await statusOf('report')).toBe(404)
  expect(await statusOf('reports/r1')).toBe(404)
  expect(await statusOf('items/a%2Fb')).toBe(404)
  for (const list of ['reports', 'attestations', 'drills', 'baselines', 'sign-offs']) {
    const { json } = await empty.ask(`${BASE}/${list}`, { key: empty.adminKey })
    expect([list, json]).toEqual([list, { items: [] }])
  }
})

test('a report that says it is signed is signed anew; one that is kept is not taken twice', async () => {
  const lie = { algorithm: 'EdDSA', keyId: 'a'.repeat(64), publicKey: 'x', value: 'y' }
  const saved = await ask('POST', 'reports', { ...REPORT, signature: lie })
  const key = await ask('GET', 'key')
  expect(saved.status).toBe(201)
  expect(saved.json['signature']).toMatchObject({ keyId: key.json['keyId'] })
  expect((await ask('GET', 'reports/r1')).json).toEqual(saved.json)
  expect((await ask('POST', 'reports', REPORT)).status).toBe(409)
})

test.each([
  ['another format', { ...REPORT, format: 2 }],
  ['an unknown member', { ...REPORT, more: 1 }],
  ['an unknown state', { ...REPORT, items: [{ ...ITEM, state: 'fine' }] }],
  ['a member missing', { ...REPORT, summary: undefined }],
  ['an id that is a path', { ...REPORT, id: '../x' }],
  ['an id with a NUL', { ...REPORT, id: 'a\0' }],
  ['half a character', { ...REPORT, id: 'r9', items: [{ ...ITEM, title: 'x\ud800' }] }],
  ['too many items', { ...REPORT, items: Array.from({ length: 2_001 }, () => ITEM) }],
])('a report with %s is refused', async (_what, body) => {
  const { status, json } = await ask('POST', 'reports', body)
  expect([status, json['error']?.['code']]).toEqual([400, 'request_invalid'])
})

test('a report of more than 4 MiB is refused, and everything else of more than its own limit', async () => {
  const big = { ...REPORT, id: 'big', environment: 'x'.repeat(4_300_000) }
  const { status, json } = await ask('POST', 'reports', big)
  expect([status, json['error']?.['message']]).toEqual([413, 'the body is larger than 4096 KiB'])
  const small = await ask('POST', 'attestations', { ...ATTEST, note: 'x'.repeat(70_000) })
  expect([small.status, small.json['error']?.['message']]).toEqual([
    ...[413, 'the body is larger than 64 KiB'],
  ])
})

test('an attestation is of now, whatever is asked for [checklist/attest]', async () => {
  const before = Date.now()
  const made = await ask('POST', 'attestations', ATTEST)
  expect([made.status, made.json['kind']]).toEqual([201, 'attested'])
  expect(Date.parse(made.json['at'] ?? '')).toBeGreaterThanOrEqual(before)
  expect((await ask('POST', 'attestations', { ...ATTEST, at: AT })).status).toBe(400)
})

test.each([
  ['that is over', { ...ATTEST, expiresAt: later(-1_000) }],
  ['for more than a year', { ...ATTEST, expiresAt: later(400 * 86_400_000) }],
  ['by nobody', { ...ATTEST, by: '' }],
  ['by a name of two lines', { ...ATTEST, by: 'Ada\nGrace' }],
  ['without a note', { ...ATTEST, note: undefined }],
  ['with a NUL in its note', { ...ATTEST, note: 'a\0b' }],
  ['of what is no id', { ...ATTEST, item: "a'b" }],
  ['of another kind', { ...ATTEST, kind: 'proved' }],
  ['until a time that is none', { ...ATTEST, expiresAt: 'tomorrow' }],
])('an attestation %s is refused [checklist/attest]', async (_what, body) => {
  expect((await ask('POST', 'attestations', body)).status).toBe(400)
})

test('an item is told with what a person stands for of it, by its id with slashes', async () => {
  await ask('POST', 'attestations', { ...ATTEST, item: ITEM.id })
  const { json } = await ask('GET', `items/${encodeURIComponent(ITEM.id)}`)
  expect(json).toMatchObject({ report: 'r1', item: ITEM, attestation: { by: 'Ada' } })
  const path = `attestations/${encodeURIComponent(ITEM.id)}`
  expect((await ask('DELETE', path)).status).toBe(204)
  expect((await ask('DELETE', path)).status).toBe(404)
  expect((await ask('GET', `items/${encodeURIComponent(ITEM.id)}`)).json['attestation']).toBeNull()
})

test('a sign-off wants a report that is kept and bears it out [checklist/sign-off]', async () => {
  const good = { role: 'security', by: 'Grace', report: 'r1' }
  expect((await ask('POST', 'sign-offs', good)).json).toMatchObject(good)
  expect((await ask('POST', 'sign-offs', { ...good, report: 'r0' })).status).toBe(404)
  expect((await ask('POST', 'sign-offs', { ...good, role: 'product' })).status).toBe(409)
  expect((await ask('POST', 'sign-offs', { ...good, role: 'everybody' })).status).toBe(400)
  expect((await ask('POST', 'sign-offs', { ...good, by: '\u0007' })).status).toBe(400)
})

test('lists come in pages, the newest report first', async () => {
  for (const [at, id] of ['p1', 'p2', 'p3'].entries()) {
    const endedAt = new Date(Date.parse(AT) + (at + 1) * 1_000).toISOString()
    await ask('POST', 'reports', { ...REPORT, id, endedAt })
  }
  const first = await ask('GET', 'reports?limit=2')
  const idsOf = ({ json }: typeof first) =>
    (json['items'] as unknown as { id: string }[]).map(({ id }) => id)
  expect(idsOf(first)).toEqual(['p3', 'p2'])
  const second = await ask('GET', `reports?limit=2&cursor=${String(first.json['next'])}`)
  expect(idsOf(second)).toEqual(['p1', 'r1'])
  expect((await ask('GET', 'reports?cursor=x')).status).toBe(400)
})

test('what is changed is in the log with who did it, and without what they said', () => {
  const lines = fixture.lines.filter((line) => line.includes('"msg":"attested"'))
  expect(lines[0]).toContain('redis/password')
  expect(lines[0]).toContain('"by":"key:')
  expect(fixture.lines.join()).not.toContain('seen')
})

test('a run is refused where no command is known', async () => {
  expect((await ask('POST', 'runs')).status).toBe(404)
  expect((await ask('GET', 'runs')).json).toEqual({ running: false, startedAt: null, last: null })
})
