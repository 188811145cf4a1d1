import { expect, test } from 'vitest'
import { DrillReport } from './drill-report.ts'

test('a report with a fault is not ok, a time above its objective is a fault, and secrets are taken out', () => {
  const told: string[] = []
  const clean = (text: string): string => text.replaceAll('hunter2', '[redacted]')
  const report = new DrillReport(clean, (text) => told.push(text))
  report.step('it said hunter2')
  report.time('recovery', 900.4, 1_000)
  report.time('free', 5_000, undefined)
  expect(report.finish('stop', 0, 10)).toEqual({
    drill: 'stop',
    ok: true,
    steps: ['it said [redacted]'],
    figures: [
      { name: 'recovery', value: 900, unit: 'ms' },
      { name: 'free', value: 5_000, unit: 'ms' },
    ],
    startedAt: '1970-01-01T00:00:00.000Z',
    endedAt: '1970-01-01T00:00:00.010Z',
  })
  report.time('late', 1_001, 1_000)
  const { ok, steps } = report.finish('stop', 0, 10)
  expect([ok, steps.at(-1)]).toEqual([
    false,
    'FAILED: late took 1001 ms, more than the 1000 ms of `checklist.objectives.rto`',
  ])
  expect(told).toEqual(steps)
})

test('steps and figures are bounded', () => {
  const report = new DrillReport((text) => text)
  for (let one = 0; one < 200; one += 1) {
    report.step('x'.repeat(5_000))
    report.figure('n'.repeat(100), one, 'calls')
  }
  const { steps, figures } = report.finish('stop', 0, 0)
  expect([steps.length, figures.length]).toEqual([50, 50])
  expect(steps[0]?.length).toBeLessThanOrEqual(2_000)
  expect(figures[0]?.name).toHaveLength(64)
})
