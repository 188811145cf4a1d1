import { closeSync, openSync, readSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import type { ListenAddress } from './address.ts'

/** Linux lists sockets that listen before all others, at most 150 bytes each. */
const LISTENERS_BYTES = 16_384
const LISTEN_STATE = '0A'

/**
 * How many connections the kernel has made for a socket that listens there and nobody has accepted yet;
 * undefined where that cannot be seen.
 *
 * Source: Linux, Documentation/networking/proc_net_tcp.rst: rx_queue of a listening socket.
 */
export function countUnaccepted({ host, port }: ListenAddress): number | undefined {
  const table = readTable(isIPv4(host) ? '/proc/self/net/tcp' : '/proc/self/net/tcp6')
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of table.split('\n')) {
    const [, local = '', , state, queues = ''] = line.trim().split(/\s+/)
    if (state === LISTEN_STATE && local.endsWith(suffix)) {
      return Number.parseInt(queues.split(':')[1] ?? '', 16)
    }
  }
  return undefined
}

function readTable(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(LISTENERS_BYTES)
      return bytes.toString('latin1', 0, readSync(file, bytes))
    } finally {
      closeSync(file)
    }
  } catch {
    return '' // not Linux, or no /proc: then it cannot be seen
  }
}
