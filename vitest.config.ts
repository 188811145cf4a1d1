import { defineConfig } from 'vitest/config'
import { SecondTries } from './scripts/second-tries.ts'

/** Where `npm test` wants the counts of the run, as JSON. */
const report = process.env.SALLYPORT_TEST_REPORT
const inCi = Boolean(process.env.CI) && process.env.CI !== 'false'

export default defineConfig({
  test: {
    include: [
      'packages/*/{src,test}/**/*.test.ts',
      'scripts/**/*.test.ts',
      'conformance/*.test.ts',
      'chaos/*.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    retry: inCi ? 1 : 0,
    reporters: [
      'default',
      new SecondTries(),
      ...(report === undefined ? [] : [['json', { outputFile: report }] as ['json', object]]),
    ],
  },
})
