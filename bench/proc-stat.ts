import { readFileSync } from 'node:fs'

/** CPU time of a process so far, its own threads only, in microseconds. Linux; `undefined` elsewhere. */
export function cpuUs(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The command's name stands in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Resident memory of a process, in MB of 1,000,000 bytes. Linux; `undefined` elsewhere. */
export function rssMb(pid: number): number | undefined {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return kib === undefined ? undefined : (Number(kib) * 1_024) / 1_000_000
}

/** Linux counts CPU time for user space in ticks of 10 ms on every common build. */
const TICK_US = 10_000

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // no such process any more, or no /proc on this system
  }
}
