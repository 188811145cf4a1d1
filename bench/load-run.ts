import { setTimeout as delay } from 'node:timers/promises'
import type { Job, LoadResult } from './load/job.ts'
import type { Fleet } from './processes.ts'

const LOAD = `${import.meta.dirname}/load.ts`
const READY_MS_MAX = 20_000

/**
 * Runs one job in a load client of its own.
 *
 * @throws {Error} when it could not open its sessions or a call was never answered
 */
export async function runLoad(fleet: Fleet, job: Job): Promise<LoadResult> {
  const client = fleet.start({ command: [process.execPath, LOAD, JSON.stringify(job)] })
  await client.end(60_000 + job.warmUpMs + job.measureMs)
  return JSON.parse(client.output) as LoadResult // all that load.ts prints
}

/**
 * Waits until one call of this job is answered rightly: a listening port is not yet a working gateway.
 *
 * @throws {Error} with what is wrong with the last answer after 20 s
 */
export async function waitUntilServing(fleet: Fleet, job: Job): Promise<void> {
  const endMs = performance.now() + READY_MS_MAX
  const one: Job = { ...job, connections: 1, warmUpMs: 0, measureMs: 5_000, callsMax: 1 }
  for (;;) {
    const problem = await runLoad(fleet, one).then(
      ({ firstError }) => firstError,
      (error: unknown) => String(error),
    )
    if (problem === undefined) return
    if (performance.now() > endMs) throw new Error(problem)
    await delay(100)
  }
}
