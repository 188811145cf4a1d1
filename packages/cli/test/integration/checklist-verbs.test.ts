import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ITEMS } from '@sallyport/checklist/catalogue'
import { type Report, STANDS_MS } from '@sallyport/contract/checklist'
import { ManualClock } from '@sallyport/kit/clock'
import { DocumentSigner, toPem } from '@sallyport/kit/signed'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openBook } from '../../src/checklist/open-book.ts'
import { run } from '../../src/run.ts'
import { FakeTerminal } from '../../src/terminal.ts'
import { TestGateway } from '../fixtures/gateway.ts'
import { reportItemOf, reportOf } from '../fixtures/report.ts'

const WEEKLY = ITEMS.find(({ cadence }) => cadence === 'week')?.id ?? ''
const NOW = '2026-11-21T12:00:00.000Z'
const clock = new ManualClock(Date.parse(NOW))

let gateway: TestGateway
/** The signed report of the store. */
let kept: Report
beforeAll(async () => {
  gateway = await TestGateway.create()
  await using book = await openBook(contextOf(new FakeTerminal()), { config: gateway.configFile })
  await book.save(
    reportOf([reportItemOf('hangar/security/tls', 'proved', 'security')], {
      ...{ id: 'older', endedAt: '2026-11-20T12:00:00.000Z' },
    }),
  )
  kept = await book.save(
    reportOf(
      [
        ...['a', 'b', 'c'].map((id) => reportItemOf(`hangar/x/${id}`, 'proved')),
        {
          ...reportItemOf('hangar/security/tls', 'failed', 'security'),
          answers: ['attest/on-call'],
        },
        reportItemOf('hangar/x/d', 'unproved', 'security'),
      ],
      {
        ...{ id: 'newest', endedAt: '2026-11-21T11:00:00.000Z' },
        regressions: [{ id: 'hangar/security/tls', from: 'proved', to: 'failed' }],
      },
    ),
  )
  await book.save(reportOf([], { id: 'part', endedAt: NOW, only: ['redis/*'] }))
})
afterAll(() => gateway[Symbol.asyncDispose]())

function contextOf(terminal: FakeTerminal, cwd = gateway.dir) {
  const environment = { HOME: gateway.dir, TEST_TOKEN: gateway.token }
  return { terminal, cwd, clock, environment, readStdin: async () => '' }
}

async function ask(...args: string[]) {
  const terminal = new FakeTerminal()
  const code = await run(contextOf(terminal), [...args, '--config', gateway.configFile])
  return { code, printed: terminal.printed.join('\n'), noted: terminal.noted.join('\n') }
}

const BY = ['--by', 'Ada Lovelace', '--note', 'looked at it'] as const

async function untilOf(id: string): Promise<string | undefined> {
  const { printed } = await ask('attest', '--list', '--json')
  const { items } = JSON.parse(printed) as { items: { item: string; expiresAt: string }[] }
  return items.find(({ item }) => item === id)?.expiresAt
}

const later = (ms: number): string => new Date(Date.parse(NOW) + ms).toISOString()

test.each([
  ['as long as its cadence allows', [], later(STANDS_MS.week)],
  ['for a time', ['--expires', '36h'], later(36 * 3_600_000)],
  ['until a day', ['--expires', '2026-11-25'], '2026-11-25T00:00:00.000Z'],
  ['until a moment', ['--expires', '2026-11-25T10:00+02:00'], '2026-11-25T08:00:00.000Z'],
])('an item is attested %s [checklist/attest]', async (_how, more, until) => {
  expect(await ask('attest', WEEKLY, ...BY, ...more)).toEqual({
    code: 0,
    printed: `${WEEKLY} is attested until ${until}, says Ada Lovelace`,
    noted: '',
  })
  expect(await untilOf(WEEKLY)).toBe(until)
})

test('an answer is attested for as long as the strictest item that takes it allows', async () => {
  const [id, longestMs] = [...new Set(ITEMS.flatMap(({ answers }) => answers))]
    .map((answer) => {
      const takers = ITEMS.filter(({ answers }) => answers.includes(answer))
      return [answer, Math.min(...takers.map(({ cadence }) => STANDS_MS[cadence]))] as const
    })
    .find(([, ms]) => ms < STANDS_MS.quarter) ?? ['', 0]
  await ask('attest', id, ...BY, '--not-applicable')
  expect(await untilOf(id)).toBe(later(longestMs))
  const { printed } = await ask('attest', '--list')
  expect(printed).toMatch(/not applicable .*Ada Lovelace {2}looked at it/)
  expect((await ask('attest', '--remove', id)).printed).toBe(`nobody stands for ${id} any more`)
})

test.each([
  ['without an id', ['attest'], 'give the id of an item or answer'],
  ['with an id and --list', ['attest', WEEKLY, '--list'], 'give the id of an item or answer'],
  ['by nobody', ['attest', WEEKLY, '--note', 'x'], '--by is missing'],
  ['by an empty name', ['attest', WEEKLY, '--by', '', '--note', 'x'], '--by must be'],
  ['by two lines', ['attest', WEEKLY, '--by', 'a\nb', '--note', 'x'], '--by must be one line'],
  ['without a note', ['attest', WEEKLY, '--by', 'x'], '--note is missing'],
  ['for too long', ['attest', WEEKLY, ...BY, '--expires', '8d'], 'for 7 days at most, until'],
  ['until yesterday', ['attest', WEEKLY, ...BY, '--expires', '2026-11-20'], 'over already'],
  ['until no time', ['attest', WEEKLY, ...BY, '--expires', 'soon'], '--expires takes a duration'],
  ['until no day', ['attest', WEEKLY, ...BY, '--expires', '2026-13-40'], '--expires takes'],
  ['of a misspelt id', ['attest', 'attest/on-cal', ...BY], 'did you mean attest/on-call'],
  ['of half an id', ['attest', 'on-call', ...BY], 'did you mean system/'],
  ['of nothing', ['attest', 'zzz/qqq', ...BY], 'neither an item nor an answer is named zzz/qqq;'],
])('what is attested %s is refused [checklist/attest]', async (_how, args, sentence) => {
  const { code, noted } = await ask(...args)
  expect([code, noted]).toEqual([2, expect.stringContaining(sentence)])
})

test('what was attested shows when it is over, and taking back what nobody attested says what there is', async () => {
  await ask('attest', WEEKLY, ...BY, '--expires', '1h')
  clock.advance(3_600_000)
  expect((await ask('attest', '--list')).printed).toContain(`EXPIRED ${later(3_600_000)}`)
  const { code, noted } = await ask('attest', '--remove', `${WEEKLY}x`)
  expect([code, noted]).toEqual([1, expect.stringContaining(`did you mean ${WEEKLY}?`)])
})

test('who attests what a run saw fail is told that it stays failed [checklist/attest]', async () => {
  const { code, noted } = await ask('attest', 'attest/on-call', ...BY)
  expect(code).toBe(0)
  // The newest report looked at something else, and there is nothing to say.
  expect(noted).toBe('')
  await using book = await openBook(contextOf(new FakeTerminal()), { config: gateway.configFile })
  await book.save({ ...kept, id: 'again', endedAt: later(0) })
  await book[Symbol.asyncDispose]()
  expect((await ask('attest', 'attest/on-call', ...BY)).noted).toContain(
    'what was seen to fail stays',
  )
})

test('a role is signed off where nothing of it is open; else what is open is listed [checklist/sign-off]', async () => {
  expect((await ask('check', 'sign-off', 'technical', '--by', 'Ada')).printed).toContain(
    'Ada signed off technical at 2026-11-21T13:00:00.000Z, for the report again',
  )
  const refused = await ask('check', 'sign-off', 'security', '--by', 'Ada')
  expect(refused).toEqual({
    code: 1,
    printed: [
      'state     item                 what to do',
      'failed    hangar/security/tls  mend it',
      'unproved  hangar/x/d           Something holds',
    ].join('\n'),
    noted: expect.stringContaining('2 items of it fail or are unproved'),
  })
  const { code, printed } = await ask('check', 'sign-off', 'security', '--by', 'A', '--json')
  expect([code, JSON.parse(printed).items]).toHaveLength(2)
  expect((await ask('check', 'sign-off', 'product', '--by', 'A')).noted).toContain('nothing that')
  expect((await ask('check', 'sign-off', 'boss', '--by', 'A')).code).toBe(2)
  expect((await ask('check', 'sign-off', 'technical')).code).toBe(2)
  expect((await ask('check', 'sign-off', 'technical', '--by', 'a\u0007')).code).toBe(2)
})

test('reports are listed newest first, with what was good before', async () => {
  const { printed } = await ask('check', 'history')
  const lines = printed.split('\n')
  expect(lines[0]).toMatch(
    /^at +profile +proved +attested +n\/a +failed +unproved +of +report +was/,
  )
  expect(lines.slice(1).map((line) => /part|newest|older|again/.exec(line)?.[0])).toEqual([
    ...['again', 'part', 'newest', 'older'],
  ])
  expect(lines[3]).toMatch(/ 3 +0 +0 +1 +1 +all +newest +1: hangar\/security\/tls$/)
  expect(lines[2]).toContain('redis/*')
  const { items } = JSON.parse((await ask('check', 'history', '--json')).printed)
  expect(items).toHaveLength(4)
})

/** `check verify` of that text, with what else is given. */
async function verify(text: string, ...more: string[]) {
  const file = join(gateway.dir, 'report.json')
  await writeFile(file, text)
  return ask('check', 'verify', file, ...more)
}

beforeEach(() => expect(kept.signature).toBeDefined())

test('a report that is as it was signed is good, also with other spaces and in another order [checklist/signed]', async () => {
  const reordered = JSON.stringify(Object.fromEntries(Object.entries(kept).toReversed()), null, 2)
  for (const text of [JSON.stringify(kept), reordered]) {
    const { code, printed } = await verify(text)
    expect([code, printed]).toEqual([0, expect.stringContaining('report newest is as it was')])
  }
  const json = JSON.parse((await verify(reordered, '--json')).printed)
  expect(json).toEqual({ ok: true, sentence: expect.stringContaining(kept.signature?.keyId ?? '') })
})

test.each([
  ['changed', (text: string) => text.replace('"failed":1', '"failed":0'), 'something in it was'],
  ['cut off', (text: string) => text.slice(0, -20), 'the report is cut off'],
  ['cut off within a text', (text: string) => text.slice(0, 30), 'the report is cut off'],
  ['empty', () => '', 'the report is cut off'],
  ['no JSON', (text: string) => text.replace(',', ';'), 'it is no JSON'],
  ['something else', () => '{"a":1}', 'the file is no report'],
  ['a list', (text: string) => `[${text}]`, 'the file is no report'],
  ['two', (text: string) => `${text},${text}`, 'no report'],
  [
    'told twice',
    (text: string) => text.replace('{', '{"environment":"production",'),
    'not as it was signed: the name "environment" stands twice',
  ],
])(
  'a report that is %s is refused in its own words [checklist/tampered]',
  async (_how, change, sentence) => {
    const { code, noted } = await verify(change(JSON.stringify(kept)))
    expect([code, noted]).toEqual([1, expect.stringContaining(sentence)])
  },
)

test('a report without a signature, or of another key, is refused in its own words [checklist/tampered]', async () => {
  const { signature: _signature, ...bare } = kept
  const unsigned = await verify(JSON.stringify(bare))
  expect([unsigned.code, unsigned.noted]).toEqual([1, expect.stringContaining('is not signed')])
  const stranger = new DocumentSigner(Buffer.alloc(32, 1))
  const other = await verify(JSON.stringify(stranger.sign(bare)))
  expect([other.code, other.noted]).toEqual([
    ...[1, expect.stringContaining(`another key signed it: ${stranger.keyId}`)],
  ])
  const key = join(gateway.dir, 'stranger.pub')
  await writeFile(key, toPem(stranger.publicKey))
  expect((await verify(JSON.stringify(stranger.sign(bare)), '--key', key)).code).toBe(0)
  expect((await verify(JSON.stringify(kept), '--key', key)).code).toBe(1)
})

test('what was signed and is no report that we know is not called good', async () => {
  const { printed: pem } = await ask('check', 'key')
  expect(pem).toContain('BEGIN PUBLIC KEY')
  const signer = new DocumentSigner(Buffer.alloc(32, 1))
  const key = join(gateway.dir, 'own.pub')
  await writeFile(key, toPem(signer.publicKey))
  const later2 = JSON.stringify(signer.sign({ ...kept, format: 2 }))
  expect((await verify(later2, '--key', key)).noted).toContain(
    'no report that this version can read',
  )
})

test('verifying without a deployment wants a key, and makes no store', async () => {
  const file = join(gateway.dir, 'report.json')
  await writeFile(file, JSON.stringify(kept))
  const alone = async (...more: string[]) => {
    const terminal = new FakeTerminal()
    const code = await run(contextOf(terminal, '/'), ['check', 'verify', file, ...more])
    return [code, terminal.noted.join()]
  }
  expect(await alone()).toEqual([2, expect.stringContaining('give --key FILE')])
  const { printed } = await ask('check', 'key')
  const key = join(gateway.dir, 'ours.pub')
  await writeFile(key, printed)
  expect(await alone('--key', key)).toEqual([0, ''])
  expect(await alone('--key', file)).toEqual([2, expect.stringContaining('holds none')])
  expect(await alone('--key', '/absent')).toEqual([2, expect.stringContaining('ENOENT')])
})
