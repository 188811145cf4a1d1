import type { Reporter, TestCase } from 'vitest/node'

/**
 * Names the tests that passed only at their second try. CI gives a test that failed one more try, as the
 * machines there are shared and a pause of one can outlast a deadline; what needed it is looked into.
 */
export class SecondTries implements Reporter {
  readonly #names: string[] = []

  onTestCaseResult(testCase: TestCase): void {
    if (testCase.diagnostic()?.flaky === true) {
      this.#names.push(`${testCase.module.relativeModuleId} > ${testCase.fullName}`)
    }
  }

  onTestRunEnd(): void {
    for (const name of this.#names) process.stdout.write(`passed at the second try: ${name}\n`)
  }
}
