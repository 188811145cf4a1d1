import { join } from 'node:path'
import { prepare, startSallyport } from './gateways/sallyport.ts'
import type { Program } from './gateways/sallyport.ts'
import type { Gateway } from './gateways/row.ts'
import { direct } from './gateways/direct.ts'
import type { Job, LoadResult } from './load/job.ts'
import { runLoad, waitUntilServing } from './load-run.ts'
import { startHttpServer } from './measure.ts'
import { Fleet } from './processes.ts'
import type { Era } from './wire/mcp.ts'

const SERVER = join(import.meta.dirname, 'servers/asking-http.ts')
const ERAS = ['legacy', 'modern'] as const satisfies Era[]
const WINDOW_MS = 300

/** One way that a question goes from a server to the client and back. */
export interface QuestionResult {
  readonly client: Era
  readonly server: Era
  readonly way: 'direct' | 'sallyport'
  readonly runs: readonly LoadResult[]
}

/**
 * Measures calls in which the server asks and the client answers at once, one at a time: direct where both
 * are of one era, and through Sallyport in all four corners.
 *
 * @param rounds how often all ways are measured in turn
 * @throws {Error} when a way answers wrongly
 */
export async function measureQuestions(
  program: Program,
  rounds: number,
): Promise<QuestionResult[]> {
  await using fleet = new Fleet()
  const ways: { result: QuestionResult; runs: LoadResult[]; job: Job }[] = []
  const add = async (
    place: Pick<QuestionResult, 'client' | 'server' | 'way'>,
    gateway: Gateway,
  ): Promise<void> => {
    const runs: LoadResult[] = []
    const job = questionJob(gateway, place.client)
    await waitUntilServing(fleet, job)
    ways.push({ result: { ...place, runs }, runs, job })
  }
  for (const server of ERAS) {
    const upstream = await startHttpServer(fleet, [process.execPath, SERVER, server])
    await add({ client: server, server, way: 'direct' }, await direct.start(fleet, upstream))
    const { gateway } = await startSallyport(fleet, program, prepare(fleet, upstream, true))
    for (const client of ERAS) await add({ client, server, way: 'sallyport' }, gateway)
  }
  for (const { job } of ways) await runLoad(fleet, { ...job, measureMs: 600 })
  for (let round = 0; round < rounds; round++) {
    for (const { job, runs } of ways) runs.push(await runLoad(fleet, job))
  }
  const problem = ways.flatMap(({ runs }) => runs).find(({ errors }) => errors > 0)?.firstError
  if (problem !== undefined) throw new Error(`questions: ${problem}`)
  return ways.map(({ result }) => result)
}

function questionJob({ target, prefix, pid }: Gateway, era: Era): Job {
  return {
    target,
    era,
    ask: { method: 'tools/call', tool: `${prefix}ask`, size: '1k', asks: true },
    connections: 1,
    warmUpMs: 100,
    measureMs: WINDOW_MS,
    callsMax: 1_000_000,
    ...(pid === undefined ? {} : { gatewayPid: pid }),
  }
}
