import { join } from 'node:path'
import { failed, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import { isLoopbackHost } from '../../looks/network.ts'
import { MISSING_TEXT, readText } from '../../looks/read-text.ts'

const LISTEN = '0A'

interface Listener {
  readonly address: string
  readonly port: number
}

/**
 * Nothing on this host listens for others but what is declared.
 *
 * @param root `/`, but in tests
 */
export function listening(root: string): Probe {
  return {
    kind: 'probe',
    title: 'No port of this host is open to others but those in `checklist.ports`',
    remedy: 'bind what listens there to loopback, or name its port under `checklist.ports`',
    async look({ settings }, signal) {
      const isInner = (await readText(join(root, '.dockerenv'), signal)).missing !== 'absent'
      if (isInner) {
        const remedy = 'run the check on the host itself'
        return unproved('socket', 'this runs in a container and sees no socket of the host', remedy)
      }
      const v4 = await readText(join(root, 'proc/net/tcp'), signal)
      const v6 = await readText(join(root, 'proc/net/tcp6'), signal)
      if (v4.text === undefined) {
        return unproved('socket', '/proc/net/tcp does not tell what listens', 'look on Linux')
      }
      // Without IPv6 there is no such file; one that is there is looked at.
      if (v6.missing !== undefined && v6.missing !== 'absent') {
        const text = `/proc/net/tcp6 ${MISSING_TEXT[v6.missing]}, so that only IPv4 is known`
        return unproved('socket', text, 'run the check as root')
      }
      const open = [...listeners(v4.text), ...listeners(v6.text ?? '')].filter(
        ({ address }) => !isLoopbackHost(address),
      )
      const ports = [...new Set(open.map(({ port }) => port))].sort((one, other) => one - other)
      if (settings.ports === undefined) {
        const list = ports.length === 0 ? 'none' : ports.join(', ')
        const text = `nobody declared what may be open; now it is: ${list}`
        return unproved(
          'socket',
          text,
          'name the ports that others may reach under `checklist.ports`',
        )
      }
      const declared = new Set(settings.ports)
      const faults = open
        .filter(({ port }) => !declared.has(port))
        .map(({ address, port }): Seen => {
          const text = `port ${port} is open at ${address}, and \`checklist.ports\` does not name it`
          return { kind: 'socket', text }
        })
      if (faults.length > 0) return failed(distinct(faults))
      const list = ports.length === 0 ? 'no port' : `none but ${ports.join(', ')}`
      return proved({ kind: 'socket', text: `${list} is open to others` })
    },
  }
}

function distinct(faults: readonly Seen[]): Seen[] {
  return [...new Map(faults.map((seen) => [seen.text, seen])).values()]
}

/** Source: proc_net(5), `/proc/net/tcp`. */
function listeners(text: string): Listener[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line): Listener[] => {
      const [, local = '', , state] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      if (state !== LISTEN) return []
      return [{ address: toAddress(address), port: Number.parseInt(port, 16) }]
    })
}

/** Words of four bytes, each as the processor has it: little-endian. */
function toAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  bytes.swap32()
  if (bytes.length === 4) return [...bytes].join('.')
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2))
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) {
    return [...bytes.subarray(12)].join('.')
  }
  return `[${words.map((word) => word.toString(16)).join(':')}]`
}
