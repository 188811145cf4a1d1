import { closeSync, openSync, readSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import type { ListenAddress } from './address.ts'

/** Linux lists sockets that listen before all others, 150 bytes each. Read in parts, so that each is fresh. */
const PART_BYTES = 1_500
const PARTS_MAX = 32
const STATE = 3
const QUEUES = 4
const LISTEN_STATE = '0A'

/**
 * How many connections the kernel has made for a socket that listens there and nobody has accepted yet;
 * undefined where that cannot be seen.
 *
 * Source: Linux, Documentation/networking/proc_net_tcp.rst: rx_queue of a listening socket.
 */
export function countUnaccepted({ host, port }: ListenAddress): number | undefined {
  const local = new RegExp(
    `^\\s*\\d+: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')} `,
  )
  const line = findLine(isIPv4(host) ? '/proc/self/net/tcp' : '/proc/self/net/tcp6', local)
  const fields = line?.trim().split(/\s+/)
  if (fields?.[STATE] !== LISTEN_STATE) return undefined
  return Number.parseInt(fields[QUEUES]?.split(':')[1] ?? '', 16)
}

/** The first line that fits; undefined where there is none, or no such file. */
function findLine(path: string, pattern: RegExp): string | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    return scanLines(file, pattern)
  } catch {
    return undefined // not Linux, or no /proc: then it cannot be seen
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function scanLines(file: number, pattern: RegExp): string | undefined {
  const bytes = Buffer.alloc(PART_BYTES)
  for (let part = 0, text = ''; part < PARTS_MAX; part += 1) {
    const length = readSync(file, bytes)
    const lines = (text + bytes.toString('latin1', 0, length)).split('\n')
    text = lines.pop() ?? ''
    const found = lines.find((line) => pattern.test(line))
    if (found !== undefined || length === 0) return found
  }
  return undefined
}
