import type { Report, ReportSummary } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import { createLog, silentLog } from '@sallyport/kit/log'
import { Metrics } from '@sallyport/kit/metrics'
import { expect, test } from 'vitest'
import { ChecklistFigures } from './checklist-figures.ts'

const SUMMARY = { proved: 0, attested: 0, not_applicable: 0, failed: 0, unproved: 0 }

function reportOf(id: string, states: Readonly<Record<string, string>>, only?: string[]): Report {
  const items = Object.entries(states).map(([item, state]) => ({ id: item, state }))
  const summary = { ...SUMMARY, proved: items.filter(({ state }) => state === 'proved').length }
  const endedAt = '2026-11-21T12:00:00.000Z'
  return { id, items, summary, endedAt, ...(only && { only }) } as unknown as Report // what is read of it
}

/** Reports, the newest first. */
function figuresOf(reports: Report[], log = silentLog) {
  const metrics = new Metrics({ version: '0.1.0', perTool: false })
  const book = {
    reports: async (): Promise<ReportSummary[]> => [...reports],
    report: async (id?: string) => reports.find((one) => one.id === id),
  }
  const figures = new ChecklistFigures({ book, metrics, log })
  const lines = async (): Promise<string[]> => {
    await figures[Symbol.asyncDispose]()
    const text = await metrics.render()
    return text.split('\n').filter((line) => line.startsWith('sallyport_checklist'))
  }
  return { figures, book, metrics, lines }
}

test('the newest whole report is shown, one series an item, and nothing of the one before [checklist/metrics]', async () => {
  const reports = [reportOf('one', { 'a/b': 'failed', 'a/c': 'proved' })]
  const { figures, lines } = figuresOf(reports)
  figures.refresh()
  expect(await lines()).toEqual([
    'sallyport_checklist_item{item="a/b",state="failed"} 1',
    'sallyport_checklist_item{item="a/c",state="proved"} 1',
    'sallyport_checklist_items{state="proved"} 1',
    'sallyport_checklist_items{state="attested"} 0',
    'sallyport_checklist_items{state="not_applicable"} 0',
    'sallyport_checklist_items{state="failed"} 0',
    'sallyport_checklist_items{state="unproved"} 0',
    'sallyport_checklist_last_run_timestamp_seconds 1795262400',
  ])
  reports.unshift(reportOf('two', { 'a/b': 'proved' }))
  // A look at a part of the items says nothing of the others.
  reports.unshift(reportOf('three', { 'a/b': 'failed' }, ['a/b']))
  figures.refresh()
  expect((await lines()).filter((line) => line.includes('_item{'))).toEqual([
    'sallyport_checklist_item{item="a/b",state="proved"} 1',
  ])
})

test('without a report there is no series, so that an alert on its absence tells', async () => {
  const { figures, lines } = figuresOf([])
  figures.refresh()
  expect(await lines()).toEqual([])
})

test('while the store cannot be read what was shown stays, and the log says why', async () => {
  const written: string[] = []
  const log = createLog({
    level: 'warn',
    json: true,
    destination: { write: (l) => written.push(l) },
  })
  const { figures, book, lines } = figuresOf([reportOf('one', { 'a/b': 'proved' })], log)
  figures.refresh()
  const before = await lines()
  book.reports = () => Promise.reject(new AppError('store_unwritable', 'it is gone'))
  figures.refresh()
  expect(await lines()).toEqual(before)
  expect(written.join()).toContain('it is gone')
})

test('what is kept while a report is read is read too', async () => {
  const reports = [reportOf('one', { 'a/b': 'proved' })]
  const { figures, book, metrics } = figuresOf(reports)
  const read = book.report
  book.report = async (id) => {
    if (id === 'one') {
      reports.unshift(reportOf('two', { 'a/b': 'failed' }))
      figures.refresh()
    }
    return read(id)
  }
  figures.refresh()
  await expect.poll(() => metrics.render()).toContain('{item="a/b",state="failed"} 1')
})
