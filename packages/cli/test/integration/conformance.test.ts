import { beforeAll, expect, test } from 'vitest'
import {
  type ConformanceReport,
  printConformance,
  runConformance,
} from '../../../../conformance/conformance.ts'

const RUN_MS_MAX = 120_000

let report: ConformanceReport
beforeAll(async () => {
  // A legacy client leaves all that is new to the gateway; `npm run conformance` has a modern one too.
  report = await runConformance({ clients: ['legacy'] })
  if (!report.ok) process.stderr.write(printConformance(report))
}, RUN_MS_MAX)

test.each([
  ['2025-11-25', 30],
  ['2026-07-28', 37],
])('all that %s requires of a server passes with the gateway as without', (revision, required) => {
  const found = report.sameEra.find((each) => each.revision === revision)
  expect(found).toMatchObject({
    required,
    passedDirect: required,
    passedThroughGateway: required,
  })
})

test('no check of a server scenario comes out differently through the gateway', () => {
  const differences = report.sameEra.flatMap(({ revision, rows }) =>
    rows.flatMap(({ scenario, differences }) =>
      differences.map(({ check }) => `${revision} ${scenario}:${check}`),
    ),
  )
  expect(differences).toEqual([])
})

test('across the eras nothing is lost but what has a reason, and no reason is left over', () => {
  const unjustified = report.acrossEras.flatMap(({ losses }) =>
    losses.filter(({ reason }) => reason === undefined).map(({ check }) => check),
  )
  expect(unjustified).toEqual([])
  expect(report.acrossEras.flatMap(({ stale }) => stale)).toEqual([])
  expect(report.acrossEras.map(({ scenarios }) => scenarios)).toEqual([33, 50])
})

test('as a client of a server the gateway passes every scenario outside authorization', () => {
  const failures = report.client.flatMap(({ revision, rows }) =>
    rows.flatMap(({ scenario, failures }) =>
      failures.map(({ id, name }) => `${revision} ${scenario}:${id} ${name}`),
    ),
  )
  expect(failures).toEqual([])
  expect(report.client.map(({ rows }) => rows.length)).toEqual([5, 8])
})
