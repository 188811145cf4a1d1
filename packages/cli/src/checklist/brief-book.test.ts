import type { ChecklistBook, Report } from '@sallyport/contract/checklist'
import { expect, test } from 'vitest'
import { readBriefly } from './brief-book.ts'

/** A book that says when it is open. */
function fakeBook(events: string[]): ChecklistBook & AsyncDisposable {
  const empty = (name: string) => async () => {
    events.push(name)
    return []
  }
  return {
    attestations: empty('attestations'),
    drillRuns: empty('drillRuns'),
    baselines: empty('baselines'),
    reports: empty('reports'),
    signOffs: empty('signOffs'),
    report: async (id) => void events.push(`report ${id ?? ''}`.trim()) as undefined, // none is there
    publicKey: async () => 'key',
    attest: async () => void events.push('attest'),
    removeAttestation: async () => true,
    recordDrill: async () => void events.push('recordDrill'),
    setBaseline: async () => void events.push('setBaseline'),
    save: async (report) => {
      events.push('save')
      return report
    },
    signOff: () => Promise.reject(new Error('not here')),
    [Symbol.asyncDispose]: async () => void events.push('close'),
  }
}

test('the store is held while it is read and while it is written, and not in between [check/command/store]', async () => {
  const events: string[] = []
  const book = await readBriefly(async () => {
    events.push('open')
    return fakeBook(events)
  })
  const read = ['open', 'attestations', 'drillRuns', 'baselines', 'report', 'signOffs']
  expect(events.splice(0)).toEqual([...read, 'close'])
  await Promise.all([book.attestations(), book.drillRuns(), book.report(), book.signOffs()])
  expect(events).toEqual([])
  await book.save({} as Report) // the fake does not look at it
  expect(events.splice(0)).toEqual(['open', 'save', 'close'])
  await expect(book.signOff('security', 'Ada', 'x')).rejects.toThrow('not here')
  expect(events).toEqual(['open', 'close'])
})
