import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { deploymentOf, Place } from '../../test/fixtures/deployment.ts'
import {
  attestationOf,
  bookOf,
  gatewayOf,
  itemOf,
  NOW,
  probeOf,
  run,
} from '../../test/fixtures/run.ts'
import { failed, notApplicable, proved, unproved } from '../answers/answer.ts'
import { redactorOf } from './redact.ts'

const ITEM = 'hangar/security/box'

test('a probe that never ends is unproved after its deadline, and others are judged [check/engine/deadline]', async () => {
  let given: AbortSignal | undefined
  const slow = probeOf(
    (_deployment, signal) => {
      given = signal
      return new Promise(() => undefined)
    },
    { deadlineMs: 20 },
  )
  const quick = probeOf(proved({ kind: 'file', text: 'it is there' }))
  const { items } = await run([itemOf(ITEM, ['a/slow']), itemOf('hangar/x/y', ['a/quick'])], {
    'a/slow': slow,
    'a/quick': quick,
  })
  expect(items.map(({ state, evidence }) => [state, evidence[0]?.text])).toEqual([
    ['unproved', 'it took longer than 20 ms to look'],
    ['proved', 'it is there'],
  ])
  expect(items[0]?.remedy).toBe('mend it')
  expect(given?.aborted).toBe(true)
})

test('a probe that throws is unproved with the sentence of its error, in either way [check/engine/throws]', async () => {
  const sync = probeOf(() => {
    throw new Error('the file cannot be read')
  })
  const later = probeOf(() => Promise.reject(new Error('the socket broke')))
  const { items } = await run([itemOf(ITEM, ['a/sync']), itemOf('hangar/x/y', ['a/later'])], {
    'a/sync': sync,
    'a/later': later,
  })
  expect(items.map(({ state, evidence }) => [state, evidence[0]?.text])).toEqual([
    ['unproved', 'looking failed: the file cannot be read'],
    ['unproved', 'looking failed: the socket broke'],
  ])
})

test('a probe that proves with nothing that it saw is unproved [check/engine/throws]', async () => {
  const { items } = await run([itemOf(ITEM, ['a/empty'])], { 'a/empty': probeOf(proved()) })
  expect(items.map(({ state, evidence }) => [state, evidence[0]?.text])).toEqual([
    ['unproved', 'nothing was there that could be looked at'],
  ])
})

test('a look that is over leaves no listener on its signal [check/engine/deadline]', async () => {
  let given: AbortSignal | undefined
  const probe = probeOf(async (_deployment, signal) => {
    given = signal
    return proved({ kind: 'file', text: 'seen' })
  })
  await run([itemOf(ITEM, ['a/quick'])], { 'a/quick': probe })
  expect(given && getEventListeners(given, 'abort')).toEqual([])
})

test('secrets are in no evidence, no remedy and no error, however they come there [check/engine/secrets]', async () => {
  const inConfig = 'correct-horse-battery'
  const inFile = 'tr0ub4dor-and-three'
  const parted = `${inFile.slice(0, 5)}\u001b[0m\u200b${inFile.slice(5)}`
  const telling = probeOf(async (deployment) => {
    redactorOf(deployment).add(inFile)
    return failed(
      [{ kind: 'file', text: `the values are ${inConfig}, ${inFile} and ${parted}` }],
      `take ${inFile} out of the file`,
    )
  })
  const throwing = probeOf(() => {
    throw new Error(`connect ${inConfig} failed`)
  })
  const report = await run(
    [itemOf(ITEM, ['a/telling']), itemOf('hangar/x/y', ['a/throwing'])],
    { 'a/telling': telling, 'a/throwing': throwing },
    { source: { auth: { tokens: [{ name: 'one', value: inConfig }] } } },
  )
  const text = JSON.stringify(report)
  expect(text).not.toContain(inConfig)
  expect(text).not.toContain(inFile)
  expect(report.items[0]?.evidence[0]?.text).toBe(
    'the values are [redacted], [redacted] and [redacted]',
  )
  expect(report.items[0]?.remedy).toBe('take [redacted] out of the file')
})

test('a secret of a file that no probe of the run reads is in no evidence either [check/engine/secrets]', async () => {
  const value = 'tr0ub4dor-and-three'
  await using place = await Place.make({ '.env': `REDIS_PASSWORD=${value}\n` })
  const store = 'postgres://sallyport:correct-horse-battery@db.example.com/one'
  const telling = probeOf(
    failed([{ kind: 'log', text: `the log says ${value}, correct-horse-battery` }]),
  )
  const deployment = deploymentOf(place.folder, { store })
  const { items } = await run([itemOf(ITEM, ['a/one'])], { 'a/one': telling }, { deployment })
  expect(items[0]?.evidence[0]?.text).toBe('the log says [redacted], [redacted]')
})

test('evidence is one line of at most 2,000 characters without controls [check/engine/printable]', async () => {
  const wild = `\u001b]0;owned\u0007red\u001b[31m\nnext\u0000\u202e${'x'.repeat(5_000)}`
  const { items } = await run([itemOf(ITEM, ['a/wild'])], {
    'a/wild': probeOf(failed([{ kind: 'log', text: wild }], `a\u001b[2Jb`)),
  })
  const text = items[0]?.evidence[0]?.text ?? ''
  expect(text.slice(0, 12)).toBe('red nextxxxx')
  expect(text).toHaveLength(2_000)
  expect(items[0]?.remedy).toBe('ab')
})

test('at most 50 pieces of evidence of an answer are kept [check/engine/printable]', async () => {
  const much = Array.from({ length: 80 }, (_, at) => ({ kind: 'file', text: `${at}` }) as const)
  const { items } = await run([itemOf(ITEM, ['a/much'])], { 'a/much': probeOf(failed(much)) })
  expect(items[0]?.evidence).toHaveLength(50)
})

test('an answer that three items take is looked for once [check/engine/once]', async () => {
  let looks = 0
  const counting = probeOf(async () => {
    looks += 1
    return proved({ kind: 'file', text: 'seen' })
  })
  const items = ['a', 'b', 'c'].map((name) => itemOf(`hangar/x/${name}`, ['a/counting']))
  const report = await run(items, { 'a/counting': counting })
  expect([looks, report.summary.proved]).toEqual([1, 3])
})

test('what a person is asked is unproved until somebody attests it [check/engine/attested]', async () => {
  const answers = {
    'a/asked': { kind: 'attested', title: 'Was it looked at?', remedy: 'attest it' },
  } as const
  const alone = await run([itemOf(ITEM, ['a/asked'])], answers)
  expect(alone.items[0]).toMatchObject({
    state: 'unproved',
    remedy: 'attest it',
    evidence: [{ kind: 'attestation', text: 'nobody has attested it' }],
  })
  const book = bookOf({ attestations: async () => [attestationOf('a/asked')] })
  const attested = await run([itemOf(ITEM, ['a/asked'])], answers, { deployment: { book } })
  expect(attested.items[0]).toMatchObject({
    ...{ state: 'attested', remedy: null },
    evidence: [{ text: 'Ada Ward, until 2026-11-30T12:00:00.000Z: looked at the console' }],
  })
  expect(attested.items[0]?.evidence).toHaveLength(1)
})

test('an attestation of the item stands in for an answer that nobody could find [check/engine/attested]', async () => {
  const book = bookOf({ attestations: async () => [attestationOf(ITEM)] })
  const answers = { 'a/blind': probeOf(unproved('http', 'nothing answers')) }
  const { items } = await run([itemOf(ITEM, ['a/blind'])], answers, { deployment: { book } })
  expect(items[0]).toMatchObject({
    state: 'attested',
    remedy: null,
    evidence: [
      { text: 'Ada Ward, until 2026-11-30T12:00:00.000Z: looked at the console' },
      { text: 'nothing answers' },
    ],
  })
})

test.each(['a/wrong', ITEM])(
  'an attestation of %s does not cover what was seen to fail [check/engine/attested]',
  async (target) => {
    const book = bookOf({ attestations: async () => [attestationOf(target)] })
    const answers = { 'a/wrong': probeOf(failed([{ kind: 'file', text: 'it is open' }])) }
    const { items } = await run([itemOf(ITEM, ['a/wrong'])], answers, { deployment: { book } })
    expect(items[0]).toMatchObject({ state: 'failed', remedy: 'mend it' })
  },
)

test('an attestation that has expired, even just now, counts no more [check/engine/attested]', async () => {
  const answers = { 'a/blind': probeOf(unproved('http', 'nothing answers')) }
  const over = attestationOf('a/blind', { expiresAt: NOW })
  const book = bookOf({ attestations: async () => [over] })
  const { items } = await run([itemOf(ITEM, ['a/blind'])], answers, { deployment: { book } })
  expect(items[0]).toMatchObject({
    state: 'unproved',
    remedy: 'attest it again with `sallyport attest`',
    evidence: [{ text: `Ada Ward, until it expired at ${NOW}: looked at the console` }, {}],
  })
})

test('an attestation that something does not apply makes the item not applicable [check/engine/attested]', async () => {
  const answers = { 'a/blind': probeOf(unproved('http', 'nothing answers')) }
  const book = bookOf({
    attestations: async () => [
      attestationOf(ITEM, { kind: 'not_applicable', note: 'a\nb\u001b[0m' }),
    ],
  })
  const { items } = await run([itemOf(ITEM, ['a/blind'])], answers, { deployment: { book } })
  expect(items[0]?.state).toBe('not_applicable')
  expect(items[0]?.evidence[0]?.text).toMatch(/: a b$/)
})

test('what does not apply is neither attested nor mended [check/engine/attested]', async () => {
  const answers = { 'a/none': probeOf(notApplicable('nothing here uses it')) }
  const book = bookOf({ attestations: async () => [attestationOf('a/none')] })
  const { items } = await run([itemOf(ITEM, ['a/none'])], answers, { deployment: { book } })
  expect(items[0]).toMatchObject({
    state: 'not_applicable',
    remedy: null,
    evidence: [{ kind: 'reason', text: 'nothing here uses it' }],
  })
})

test('what the product keeps by itself is proved where it runs, and only there [check/engine/enforced]', async () => {
  const answers = {
    'a/kept': { kind: 'enforced', title: 'It is kept', claims: ['door/host/foreign'] },
  } as const
  const items = [itemOf(ITEM, ['a/kept'])]
  expect((await run(items, answers)).items[0]?.state).toBe('unproved')
  const gateway = gatewayOf({ version: '9.8.7' })
  const running = await run(items, answers, { deployment: { gateway } })
  expect(running.items[0]).toMatchObject({
    state: 'proved',
    evidence: [{ kind: 'claim', text: 'version 9.8.7 keeps this by itself: door/host/foreign' }],
  })
})

test('what waits for a part to come is unproved and says for which', async () => {
  const answers = {
    'a/later': { kind: 'awaits', title: 'It is told', part: '07', by: 'probe' },
  } as const
  const { items } = await run([itemOf(ITEM, ['a/later'])], answers)
  expect(items[0]).toMatchObject({ state: 'unproved', awaits: '07', remedy: null })
})

test('what does not concern a deployment waits for nothing', async () => {
  const exempt = () => 'there is none here'
  const answers = {
    'a/later': { kind: 'awaits', title: 'It is told', part: '07', by: 'probe', exempt },
  } as const
  const { items } = await run([itemOf(ITEM, ['a/later'])], answers)
  expect(items[0]).toMatchObject({ state: 'not_applicable', evidence: [{ kind: 'reason' }] })
  expect(items[0]).not.toHaveProperty('awaits')
})

test('an answer that nothing has is a mistake of the catalogue, not of the deployment', async () => {
  await expect(run([itemOf(ITEM, ['a/missing'])], {})).rejects.toThrow(
    'no answer is named a/missing',
  )
})

const DAY_MS = 86_400_000

test.each([
  ['never run', 'unproved', undefined],
  ['run and failed', 'failed', { ok: false, daysAgo: 1 }],
  ['run a month ago', 'proved', { ok: true, daysAgo: 31 }],
  ['overdue', 'unproved', { ok: true, daysAgo: 93 }],
] as const)('a drill that was %s is %s [check/engine/drilled]', async (_case, state, last) => {
  const answers = {
    'drill/stop': { kind: 'drill', title: 'It stops', remedy: 'run it', drill: 'stop' },
  } as const
  const at = new Date(Date.parse(NOW) - (last?.daysAgo ?? 0) * DAY_MS).toISOString()
  const one = { drill: 'stop', ok: last?.ok ?? true, startedAt: at, endedAt: at }
  const runs = [{ ...one, steps: ['it stopped'], figures: [] }]
  const book = bookOf({ drillRuns: async () => (last === undefined ? [] : runs) })
  const { items } = await run([itemOf(ITEM, ['drill/stop'])], answers, { deployment: { book } })
  expect(items[0]?.state).toBe(state)
})
