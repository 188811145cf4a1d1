import { expect, test } from 'vitest'
import { runSlackConformance } from './slack.ts'

const RUN_MS_MAX = 120_000

test(
  'the suite passes at both revisions for everything that the Slack server offers [slack/conformance]',
  async () => {
    const reports = await runSlackConformance()
    const unexplained = reports.flatMap(({ revision, failures }) =>
      failures
        .filter(({ reason }) => reason === undefined)
        .map(({ scenario, check, message }) => `${revision} ${scenario}:${check} ${message}`),
    )
    expect(unexplained).toEqual([])
    expect(reports.flatMap(({ stale }) => stale)).toEqual([])
    expect(reports.map(({ passed }) => passed.length)).toEqual([5, 8])
  },
  RUN_MS_MAX,
)
