import { type AcrossErasReport, runAcrossEras } from './across-eras.ts'
import { type ClientEra, type ClientReport, runClientSuite } from './client-suite.ts'
import { printAcrossEras, printClientSuite, printSameEra } from './print.ts'
import { runSameEra, type SameEraReport } from './same-era.ts'
import { DirectRuns } from './suite.ts'
import { startWorld } from './world.ts'

/** Everything the suite says about the gateway. */
export interface ConformanceReport {
  /** The same with and without the gateway, nothing lost without a reason, every client scenario passed. */
  readonly ok: boolean
  readonly sameEra: readonly SameEraReport[]
  readonly acrossEras: readonly AcrossErasReport[]
  readonly client: readonly ClientReport[]
}

export interface ConformanceOptions {
  /** One scenario instead of all; of each way that has it. */
  readonly only?: string | undefined
  /** Eras of the gateway's client in the client scenarios; both by default. */
  readonly clients?: readonly ClientEra[]
}

/** Runs the suite in all three ways. What it starts is ended before it returns. */
export async function runConformance(options: ConformanceOptions = {}): Promise<ConformanceReport> {
  const { only, clients = ['legacy', 'modern'] } = options
  await using world = await startWorld()
  const direct = new DirectRuns(world.direct('dual'), only)
  const sameEra = await runSameEra(world, direct, only)
  const acrossEras = await runAcrossEras(world, direct, only)
  const client = await runClientSuite(clients, only)
  const reports = [...sameEra, ...acrossEras, ...client]
  return { ok: reports.length > 0 && reports.every(({ ok }) => ok), sameEra, acrossEras, client }
}

/** The whole report for people, each line at most 100 columns. */
export function printConformance(report: ConformanceReport): string {
  const { sameEra, acrossEras, client } = report
  return [
    ...sameEra.map(printSameEra),
    ...acrossEras.map(printAcrossEras),
    ...client.map(printClientSuite),
    verdictOn(report),
  ].join('\n')
}

function verdictOn({ ok, sameEra, acrossEras, client }: ConformanceReport): string {
  const failed = [
    ...sameEra.filter((each) => !each.ok).map(({ revision }) => `server scenarios at ${revision}`),
    ...acrossEras.filter((each) => !each.ok).map(({ revision }) => `${revision} across the eras`),
    ...client.filter((each) => !each.ok).map(({ revision }) => `client scenarios at ${revision}`),
  ]
  return ok ? 'conformance holds\n' : `conformance does not hold: ${failed.join(', ')}\n`
}
