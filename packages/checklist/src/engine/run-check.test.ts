import { report as reportSchema } from '@sallyport/contract/checklist'
import { expect, test } from 'vitest'
import { reportItemOf, reportOf } from '../../test/fixtures/report.ts'
import { bookOf, itemOf, probeOf, run } from '../../test/fixtures/run.ts'
import { failed, notApplicable, proved, unproved } from '../answers/answer.ts'

const ANSWERS = {
  'a/good': probeOf(proved({ kind: 'file', text: 'it is there' })),
  'a/bad': probeOf(failed([{ kind: 'file', text: 'it is open' }])),
  'a/blind': probeOf(unproved('http', 'nothing answers')),
  'a/none': probeOf(notApplicable('nothing here uses it')),
}

const ITEMS = [
  itemOf('hangar/a/good', ['a/good']),
  itemOf('hangar/a/bad', ['a/good', 'a/bad']),
  itemOf('hangar/a/blind', ['a/blind']),
  itemOf('hangar/a/none', ['a/none']),
]

test('a report has every item in order, counted, and is in the form of the contract', async () => {
  const report = await run(ITEMS, ANSWERS)
  expect(reportSchema.parse(report)).toEqual(report)
  expect(report.items.map(({ id, state }) => `${id} ${state}`)).toEqual([
    'hangar/a/good proved',
    'hangar/a/bad failed',
    'hangar/a/blind unproved',
    'hangar/a/none not_applicable',
  ])
  expect(report.summary).toEqual({
    ...{ proved: 1, attested: 0, not_applicable: 1, failed: 1, unproved: 1 },
  })
})

test('what the product has where a document says that it is missing stands with the evidence', async () => {
  const item = itemOf('hangar/a/good', ['a/good'], { note: 'the document says that there is none' })
  const { items } = await run([item], ANSWERS)
  expect(items[0]?.evidence.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    'file: it is there',
    'reason: the document says that there is none',
  ])
})

test('items keep their order when later ones are known first', async () => {
  const gate = Promise.withResolvers<void>()
  const slow = probeOf(async () => {
    await gate.promise
    return proved({ kind: 'file', text: 'late' })
  })
  const quick = probeOf(async () => {
    gate.resolve()
    return proved({ kind: 'file', text: 'early' })
  })
  const told: string[] = []
  const report = await run(
    [itemOf('hangar/a/slow', ['a/slow']), itemOf('hangar/a/quick', ['a/quick'])],
    { 'a/slow': slow, 'a/quick': quick },
    { request: { onItem: ({ id }, done) => told.push(`${done} ${id}`) } },
  )
  expect(report.items.map(({ id }) => id)).toEqual(['hangar/a/slow', 'hangar/a/quick'])
  expect(told).toEqual(['1 hangar/a/quick', '2 hangar/a/slow'])
})

test('what was good and is not any more is a regression [check/engine/regressions]', async () => {
  const before = reportOf([
    reportItemOf({ id: 'hangar/a/good', state: 'failed' }),
    reportItemOf({ id: 'hangar/a/bad', state: 'attested' }),
    reportItemOf({ id: 'hangar/a/blind', state: 'failed' }),
    reportItemOf({ id: 'hangar/a/none', state: 'proved' }),
  ])
  const book = bookOf({ report: async () => before })
  const report = await run(ITEMS, ANSWERS, { deployment: { book } })
  expect(report.regressions).toEqual([{ id: 'hangar/a/bad', from: 'attested', to: 'failed' }])
})

test('a signal ends a run at once, though a probe does not listen to it [check/engine/signal]', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const deaf = probeOf(() => {
    controller.abort(reason)
    return new Promise(() => undefined)
  })
  let later = 0
  const counting = probeOf(async () => {
    later += 1
    return proved({ kind: 'file', text: 'seen' })
  })
  const items = [
    itemOf('hangar/a/deaf', ['a/deaf']),
    ...Array.from({ length: 20 }, (_, at) => itemOf(`hangar/a/later-${at}`, ['a/counting'])),
  ]
  const answers = { 'a/deaf': deaf, 'a/counting': counting }
  await expect(run(items, answers, { signal: controller.signal })).rejects.toBe(reason)
  expect(later).toBe(0)
})

test('a run that was ended before it began looks at nothing [check/engine/signal]', async () => {
  const signal = AbortSignal.abort(new Error('enough'))
  let looks = 0
  const counting = probeOf(async () => {
    looks += 1
    return proved({ kind: 'file', text: 'seen' })
  })
  const running = run([itemOf('hangar/a/b', ['a/c'])], { 'a/c': counting }, { signal })
  await expect(running).rejects.toThrow('enough')
  expect(looks).toBe(0)
})

test('a book that cannot be read ends the run with its error', async () => {
  const book = bookOf({ attestations: () => Promise.reject(new Error('the disk is gone')) })
  await expect(run(ITEMS, ANSWERS, { deployment: { book } })).rejects.toThrow('the disk is gone')
})
