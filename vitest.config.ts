import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { SecondTries } from './scripts/second-tries.ts'

/** Where `npm test` wants the counts of the run, as JSON. */
const report = process.env.SALLYPORT_TEST_REPORT
const inCi = Boolean(process.env.CI) && process.env.CI !== 'false'

const CLI = 'packages/cli/test/integration'
const GATEWAY = 'packages/gateway/test/integration'

/** Measure, load the machine, or need a part of it for themselves: they run after all others, one at a time. */
const ALONE = [
  'chaos/*.test.ts',
  'conformance/conformance.test.ts',
  `${CLI}/{attack-timing,chaos,cold-start,command,first-run,flood,idle,metrics,once,operate,pack}.test.ts`,
  `${CLI}/{handover,handover-apart,reload,restart,rolling,stop,systemd,store-faults*}.test.ts`,
  `${CLI}/{check-recipe-13,drills,scenarios-*,secrets,stdio*}.test.ts`,
  `${GATEWAY}/{gateway-catalogue,gateway-reload,logins-throttle,quotas,users}.test.ts`,
  `${GATEWAY}/{secrets-load,secrets-processes,upstreams-caps,upstreams-lifecycle}.test.ts`,
]

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    retry: inCi ? 1 : 0,
    reporters: [
      'default',
      new SecondTries(),
      ...(report === undefined ? [] : [['json', { outputFile: report }] as ['json', object]]),
    ],
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: [
            'packages/*/{src,test}/**/*.test.ts',
            'scripts/**/*.test.ts',
            'conformance/*.test.ts',
          ],
          exclude: ALONE,
          // Two even on one core, as tests mostly wait; no more than four, as each starts processes.
          maxWorkers: Math.min(Math.max(2, availableParallelism()), 4),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
