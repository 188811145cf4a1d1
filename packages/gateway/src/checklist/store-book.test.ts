import { gunzipSync, gzipSync } from 'node:zlib'
import type { Report, ReportItem } from '@sallyport/contract/checklist'
import { ManualClock } from '@sallyport/kit/clock'
import { KeyRing, newRingKey, withFirst, withKey } from '@sallyport/kit/crypto'
import { judgeDocument } from '@sallyport/kit/signed'
import type { ChecklistStore, ReportRecord, SignOffRecord } from '@sallyport/kit/store'
import { expect, test } from 'vitest'
import { StoreBook } from './store-book.ts'

const AT = '2026-11-21T12:00:00.000Z'
const SUMMARY = { proved: 1, attested: 0, not_applicable: 0, failed: 0, unproved: 0 }
const ITEM = {
  ...{ id: 'hangar/a/b', seed: 'hangar', section: 'A', title: 'B holds', phase: 'before' },
  ...{ cadence: 'week', role: 'security', state: 'proved', answers: [], evidence: [] },
  ...{ remedy: null, at: AT },
} satisfies ReportItem
const REPORT: Report = {
  ...{ format: 1, id: 'r1', version: '0', environment: 'local', profile: 'local', startedAt: AT },
  ...{ endedAt: AT, summary: SUMMARY, items: [ITEM], regressions: [], drills: [], signOffs: [] },
}

function bookOf(keys = KeyRing.create(0)) {
  const reports: ReportRecord[] = []
  const signOffs: SignOffRecord[] = []
  const saved: string[] = []
  const store: Partial<ChecklistStore> = {
    reports: async () => reports.toReversed(),
    report: async (id) => reports.find((one) => one.id === id),
    addReport: async (record) => void reports.push(record),
    signOffs: async () => signOffs,
    addSignOff: async (record) => void signOffs.push(record),
  }
  const book = new StoreBook({
    store: store as ChecklistStore, // what these tests call
    ...{ keys, clock: new ManualClock() },
    onSaved: ({ id }) => saved.push(id),
  })
  return { book, reports, signOffs, saved }
}

test('a report that was changed in the store is not signed off [checklist/sign-off, checklist/tampered]', async () => {
  const { book, reports, signOffs } = bookOf()
  await book.save({ ...REPORT, items: [{ ...ITEM, state: 'failed' }] })
  await expect(book.signOff('security', 'Ada', 'r1')).rejects.toThrow('hangar/a/b (failed)')
  const [record] = reports.splice(0)
  const text = gunzipSync(record?.body ?? '').toString()
  const body = gzipSync(text.replace('"state":"failed"', '"state":"proved"'))
  reports.push({ id: 'r1', head: record?.head ?? '', body })
  await expect(book.signOff('security', 'Ada', 'r1')).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('not as it was signed'),
  })
  expect(signOffs).toEqual([])
})

test('rotating the keys of the store leaves the one that signs [checklist/signed]', async () => {
  const keys = KeyRing.create(0)
  const before = await bookOf(keys).book.publicKey()
  const next = newRingKey(1)
  keys.replace(withFirst(withKey(keys.content, next), next.id, 2))
  expect(await bookOf(keys).book.publicKey()).toBe(before)
  expect(await bookOf().book.publicKey()).not.toBe(before)
})

test('a refusal names twenty items and counts the others', async () => {
  const { book } = bookOf()
  const items = Array.from({ length: 25 }, (_, at) => ({
    ...{ ...ITEM, id: `hangar/a/b${at}`, state: 'unproved' as const },
  }))
  await book.save({ ...REPORT, items })
  const refused = book.signOff('security', 'Ada', 'r1')
  await expect(refused).rejects.toThrow('25 of 25 items of security are in the way')
  await expect(refused).rejects.toThrow('hangar/a/b19 (unproved), and 5 more')
})

test('who is told of a report hears of it once it is kept, signed', async () => {
  const { book, saved } = bookOf()
  const report = await book.save(REPORT)
  expect(saved).toEqual(['r1'])
  expect(judgeDocument(report, await book.publicKey())).toMatchObject({ verdict: 'good' })
})
