import { expect, test } from 'vitest'
import { reportItemOf, reportOf } from '../../test/fixtures/report.ts'
import { bookOf, itemOf, probeOf, run } from '../../test/fixtures/run.ts'
import { failed, proved } from '../answers/answer.ts'
import { answerItemId, findItem, historyOf, itemsToExplain } from './explain-item.ts'

const ITEM = itemOf('hangar/security/tls', ['tls/public', 'tls/expiry'])
const ANSWERS = {
  'tls/public': probeOf(proved({ kind: 'tls', text: 'it is valid' })),
  'tls/expiry': probeOf(failed([{ kind: 'tls', text: 'it ends tomorrow' }])),
}

test('each answer of an item is judged by itself in the same run [check/command/explain]', async () => {
  const { items } = await run(itemsToExplain(ITEM), ANSWERS)
  expect(items.map(({ id, state }) => [id, state])).toEqual([
    ['hangar/security/tls', 'failed'],
    [answerItemId('tls/public'), 'proved'],
    [answerItemId('tls/expiry'), 'failed'],
  ])
})

test.each([
  ['hangar/security/tsl', 'did you mean `hangar/security/tls`?'],
  ['security', 'did you mean `hangar/security/tls`?'],
  ['tls/expiry', 'tls/expiry answers `hangar/security/tls`'],
  ['nothing', 'ids are like `hangar/security/tls`'],
])('%s is no item: %s [check/command/explain]', (id, hint) => {
  const known = { items: [ITEM], answers: new Map(Object.entries(ANSWERS)) }
  expect(() => findItem(id, known)).toThrow(hint)
  expect(findItem(ITEM.id, known)).toBe(ITEM)
})

test('how an item stood is read from the last ten reports that have it [check/command/explain]', async () => {
  const reports = Array.from({ length: 12 }, (_, at) =>
    reportOf([reportItemOf({ id: at === 1 ? 'another/item' : ITEM.id })], { id: `report-${at}` }),
  )
  const asked: string[] = []
  const book = bookOf({
    reports: async () => reports,
    report: async (id) => {
      asked.push(id ?? '')
      return reports.find((one) => one.id === id)
    },
  })
  const history = await historyOf(book, ITEM.id)
  expect(asked).toHaveLength(10)
  expect(history.map(({ report }) => report)).toEqual(
    [0, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => `report-${at}`),
  )
})
