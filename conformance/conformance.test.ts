import { beforeAll, expect, test } from 'vitest'
import { type ConformanceReport, printConformance, runConformance } from './conformance.ts'

const RUN_MS_MAX = 180_000

let report: ConformanceReport
beforeAll(async () => {
  // A legacy client leaves all that is new to the gateway; `npm run conformance` has a modern one too.
  report = await runConformance({ clients: ['legacy'] })
  if (!report.ok) process.stderr.write(printConformance(report))
}, RUN_MS_MAX)

test.each([
  ['2025-11-25', 30],
  ['2026-07-28', 37],
])(
  'all %s requires of a server passes with the gateway as without [compatibility/conformance/server]',
  (revision, required) => {
    const found = report.sameEra.find((each) => each.revision === revision)
    expect(found).toMatchObject({
      required,
      passedDirect: required,
      passedThroughGateway: required,
    })
  },
)

test('no check comes out differently but where the list says why [compatibility/conformance/server]', () => {
  const differences = report.sameEra.flatMap(({ revision, rows }) =>
    rows.flatMap((row) =>
      row.differences
        .filter(({ reason }) => reason === undefined)
        .map(({ check }) => `${revision} ${row.scenario}:${check}`),
    ),
  )
  expect(differences).toEqual([])
  expect(report.sameEra.flatMap(({ stale }) => stale)).toEqual([])
  expect(report.sameEra.map(({ rows }) => rows.length)).toEqual([33, 50])
})

test('across the eras nothing is lost but what has a reason [compatibility/conformance/across-eras]', () => {
  const lost = report.acrossEras.flatMap(({ losses }) =>
    losses
      .filter(({ reason }) => reason === undefined)
      .map(({ scenario, check }) => `${scenario}:${check}`),
  )
  expect(lost).toEqual([])
  expect(report.acrossEras.flatMap(({ stale }) => stale)).toEqual([])
  expect(report.acrossEras.map(({ scenarios }) => scenarios)).toEqual([33, 50])
})

test('as the client of a server the gateway passes all but authorization [compatibility/conformance/client]', () => {
  const failures = report.client.flatMap(({ revision, rows }) =>
    rows
      .filter(({ ok }) => !ok)
      .map(({ scenario, said }) => `${revision} ${scenario}, which said: ${said}`),
  )
  expect(failures).toEqual([])
  expect(report.client.map(({ rows }) => rows.length)).toEqual([5, 8])
})
