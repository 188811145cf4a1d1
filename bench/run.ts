import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runChecks } from './checks.ts'
import type { Checks } from './checks.ts'
import { listRows } from './gateways/list.ts'
import { CHECKOUT, packSallyport } from './gateways/sallyport.ts'
import type { Program } from './gateways/sallyport.ts'
import { describeMachine } from './machine.ts'
import { measureScenario } from './measure.ts'
import type { CellResult } from './measure.ts'
import { parseOptions, USAGE } from './options.ts'
import type { Options } from './options.ts'
import { installPeers } from './peers-install.ts'
import { endLeftovers, Fleet } from './processes.ts'
import { profileSallyport } from './profile.ts'
import { toMarkdown } from './report.ts'
import { planScenarios } from './scenarios.ts'
import { judge } from './targets.ts'

const README = join(import.meta.dirname, 'README.md')
const PEERS = ['mcp-proxy', 'supergateway', 'mcp-hub'] as const
const OURS = ['sallyport', 'sallyport-no-audit'] as const

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') return void process.stdout.write(USAGE)
  endLeftovers(false)
  const machine = describeMachine()
  await using fleet = new Fleet()
  const needsSallyport = options.profile || OURS.some((id) => options.rows.includes(id))
  const program = needsSallyport && !options.checkout ? packSallyport(fleet) : CHECKOUT
  if (options.profile) {
    const text = await profileSallyport(program, Math.max(5_000, options.measureMs))
    return void process.stdout.write(`${text}\n`)
  }
  if (PEERS.some((id) => options.rows.includes(id))) installPeers()
  const results = await measure(options, program)
  const checks = options.rows.includes('sallyport') ? await check(options, program) : undefined
  report(options, [...machine, `Sallyport in its ${program.form} form`], { results, checks })
}

async function measure(options: Options, program: Program): Promise<CellResult[]> {
  const rows = listRows(options.rows, program)
  const results: CellResult[] = []
  for (const scenario of planScenarios(options.mode)) {
    if (!rows.some(({ id }) => scenario.rows.includes(id))) continue
    await using fleet = new Fleet()
    const { runs, measureMs } = options
    results.push(...(await measureScenario(fleet, scenario, rows, { runs, measureMs, onProgress })))
  }
  return results
}

function check(options: Options, program: Program): Promise<Checks> {
  return runChecks(program, {
    runs: options.runs,
    quick: options.mode === 'quick',
    onProgress,
    onFailure: (text) => {
      process.exitCode = 1
      process.stderr.write(`${text}\n`)
    },
  })
}

interface Found {
  readonly results: readonly CellResult[]
  readonly checks: Checks | undefined
}

function report(options: Options, machine: readonly string[], { results, checks }: Found): void {
  const verdicts = judge(results, checks)
  const questions = checks?.questions ?? []
  const markdown = toMarkdown(machine, { results, verdicts, questions })
  process.stdout.write(`${markdown}\n`)
  if (options.json !== undefined) {
    const text = JSON.stringify({ machine, results, checks, verdicts }, undefined, 2)
    writeFileSync(options.json, `${text}\n`)
  }
  if (options.write) writeFileSync(README, withResults(readFileSync(README, 'utf8'), markdown))
  if (results.some(isBroken)) process.exitCode = 1
}

/** Errors in our own rows are a failure of the run; a missed target is a finding. */
function isBroken({ row, runs, failure }: CellResult): boolean {
  const ours = OURS.some((id) => id === row)
  return ours && (failure !== undefined || runs.some(({ errors }) => errors > 0))
}

function withResults(text: string, markdown: string): string {
  const [before, rest] = text.split('<!-- results -->')
  const after = rest?.split('<!-- end of results -->')[1]
  if (before === undefined || after === undefined) {
    throw new Error('bench/README.md has lost the marks between which results go')
  }
  return `${before}<!-- results -->\n\n${markdown}\n\n<!-- end of results -->${after}`
}

function onProgress(text: string): void {
  process.stderr.write(`${text}\n`)
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    endLeftovers(true)
    process.exit(130)
  })
}

try {
  await main()
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  endLeftovers(true)
}
