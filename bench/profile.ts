import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { prepare, startSallyport } from './gateways/sallyport.ts'
import type { Program } from './gateways/sallyport.ts'
import { runLoad, waitUntilServing } from './load-run.ts'
import { callJob, startEcho } from './measure.ts'
import { Fleet } from './processes.ts'

const SHOWN = 30

/** V8's own format; times in microseconds. */
interface CpuProfile {
  readonly endTime: number
  readonly startTime: number
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

/** Time spent in one function itself, not in what it calls. */
export interface SelfTime {
  readonly name: string
  readonly share: number
  readonly usPerCall: number
}

/**
 * Loads Sallyport with 1 KiB calls over 32 connections under V8's profiler.
 *
 * @returns the functions with the most time of their own, as text
 */
export async function profileSallyport(program: Program, measureMs: number): Promise<string> {
  await using fleet = new Fleet()
  const folder = fleet.newFolder()
  const upstream = await startEcho(fleet, { server: 'bare', transport: 'http' })
  const options = `--cpu-prof --cpu-prof-dir=${folder}`
  const prepared = prepare(fleet, upstream, true)
  const { gateway, running } = await startSallyport(fleet, program, prepared, options)
  const job = callJob(gateway, { size: '1k', connections: 32, era: 'modern' }, measureMs)
  await waitUntilServing(fleet, job)
  const result = await runLoad(fleet, { ...job, warmUpMs: 0 })
  await running.stop()
  const files = globSync(`${folder}/*.cpuprofile`)
  if (files.length === 0) throw new Error('Sallyport ended without writing a profile')
  const tables = files.map((file) => {
    const whole = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile // V8 wrote it
    const profile = lastPart(whole, measureMs)
    return { busyUs: busyUs(profile), text: tableOf(profile, result.calls) }
  })
  const [main] = tables.toSorted((a, b) => b.busyUs - a.busyUs)
  const head = `${result.calls} calls, ${Math.round(result.callsPerSecond)} calls/s while profiled (profiling costs time itself), ${result.errors} errors`
  return `${head}\n\n${main?.text ?? ''}`
}

/** The profile's end, where the load was: what came before is start-up. */
function lastPart(profile: CpuProfile, ms: number): CpuProfile {
  const fromUs = profile.endTime - ms * 1_000
  let atUs = profile.startTime
  const first = profile.timeDeltas.findIndex((deltaUs) => (atUs += deltaUs) >= fromUs)
  const { samples, timeDeltas } = profile
  return { ...profile, samples: samples.slice(first), timeDeltas: timeDeltas.slice(first) }
}

/** Adds up a profile's samples by function, most time first. Idle time is left out. */
export function selfTimes(profile: CpuProfile, calls: number): SelfTime[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const sums = new Map<string, number>()
  for (const [at, id] of profile.samples.entries()) {
    const name = names.get(id) ?? ''
    if (name === '(idle)' || name === '(root)') continue
    sums.set(name, (sums.get(name) ?? 0) + (profile.timeDeltas[at] ?? 0))
  }
  const total = [...sums.values()].reduce((sum, us) => sum + us, 0)
  return [...sums]
    .map(([name, us]) => ({ name, share: us / total, usPerCall: us / calls }))
    .sort((a, b) => b.share - a.share)
}

function busyUs(profile: CpuProfile): number {
  return selfTimes(profile, 1).reduce((sum, { usPerCall }) => sum + usPerCall, 0)
}

function tableOf(profile: CpuProfile, calls: number): string {
  const lines = selfTimes(profile, calls)
    .slice(0, SHOWN)
    .map(({ name, share, usPerCall }) => {
      const percent = (share * 100).toFixed(1).padStart(5)
      return `${percent} %  ${usPerCall.toFixed(1).padStart(6)} us/call  ${name}`
    })
  return lines.join('\n')
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName || '(anonymous)'
  return url === '' ? name : `${name} ${basename(url)}:${lineNumber + 1}`
}
