/**
 * `npm test`: every suite from a fresh clone. Installs what the tests need where that is allowed, runs
 * Vitest under Node 24, and ends with a line `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { endWithNpm, giveUp, node24, runChild } from './node.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const SETUP_MS_MAX = 10 * 60_000
const inCi = Boolean(process.env.CI) && process.env.CI !== 'false'

async function main() {
  process.chdir(ROOT)
  await ensureInstalled(ROOT, 'the packages of this repository')
  await installClients()
  const node = await node24()
  const missing = setUpSystem()
  endWithNpm()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  try {
    const report = join(folder, 'report.json')
    const code = await runVitest(node, report)
    const counts = countsOf(report, code)
    for (const line of missing) process.stdout.write(`not run: ${line}\n`)
    if (inCi) counts.failed += missing.length
    process.stdout.write(
      `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
    )
    process.exitCode = code !== 0 || counts.failed > 0 ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Other makers' clients and suite have lockfiles of their own, so that none of what they need is ours. */
async function installClients() {
  await ensureInstalled(join(ROOT, 'test-clients'), 'the MCP clients of the tests')
  await ensureInstalled(join(ROOT, 'conformance'), 'the conformance suite')
}

/** Installs system packages as root where apt is; returns what is missing afterwards, a line each. */
function setUpSystem() {
  if (process.platform === 'win32')
    return ['PostgreSQL suites (no PostgreSQL is set up on Windows)']
  const { status, stdout, error } = spawnSync('sh', [join(ROOT, 'scripts/setup.sh')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: SETUP_MS_MAX,
  })
  if (status === 0) return []
  const lines = (stdout ?? '').split('\n').filter((line) => line !== '')
  return lines.length > 0
    ? lines
    : [`system packages (setup ended with ${error?.message ?? status})`]
}

function runVitest(node, report) {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const env = { ...process.env, SALLYPORT_TEST_REPORT: report }
  return runChild(node, vitest, ['run', ...process.argv.slice(2)], env)
}

/** A file that failed before its first test, and a run that failed without a failed test, count as one. */
function countsOf(report, code) {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 }
  const { testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  ).length
  const failed = numFailedTests + broken
  return {
    passed: numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: numPendingTests + numTodoTests,
  }
}

main().catch((error) => {
  giveUp(error)
  process.stdout.write('0 passed, 1 failed, 0 skipped\n')
})
