import { failed, type Finding, proved, type Seen, unproved } from '../../answers/answer.ts'
import type { ComposePort } from '../../looks/compose.ts'
import type { DataPlace } from '../../looks/data-places.ts'
import { listeningAddresses, placeOfHost, reachOf } from '../../looks/network.ts'
import { nameOf } from './over-places.ts'

const PORTS = { postgres: '5432', redis: '6379' } as const

/** Who can reach a PostgreSQL or Redis: nobody beyond this machine and its private network may. */
export async function judgePublished(place: DataPlace): Promise<Finding> {
  const { service, host, port } = place
  if (service !== undefined && service.networkMode !== 'host')
    return judgePorts(place, service.ports)
  const found = await placeOfHost(host)
  if (found === undefined) {
    return unproved('socket', `the name of ${nameOf(place)} is not known here`)
  }
  if (!found.isHere) return judgeAddress(place, found.address)
  const addresses = await listeningAddresses(port)
  if (addresses.length === 0) {
    return host.startsWith('/') || host === ''
      ? proved({
          kind: 'socket',
          text: `${nameOf(place)} listens at a socket of this machine alone`,
        })
      : unproved('socket', `nothing of this machine listens at port ${port}`)
  }
  const text = `port ${port} of this machine listens at ${addresses.join(', ')}`
  const open = addresses.some((address) => /every|public/.test(reachOf(address)))
  return open ? failed([{ kind: 'socket', text }]) : proved({ kind: 'socket', text })
}

function judgePorts({ kind }: DataPlace, ports: readonly ComposePort[]): Finding {
  const own = ports.filter(({ target }) => target === PORTS[kind])
  const open = own.filter(({ address }) => /every|public/.test(reachOf(address)))
  if (open.length > 0) return failed(open.map(toSeen))
  if (own.length > 0) return proved(...own.map(toSeen))
  return proved({ kind: 'file', text: `its service publishes no port ${PORTS[kind]}` })
}

function toSeen({ at, address, published, target }: ComposePort): Seen {
  const text = `${at} publishes ${target} at ${address}:${published ?? 'a free port'}`
  return { kind: 'file', text }
}

function judgeAddress(place: DataPlace, address: string): Finding {
  const text = `${nameOf(place)} is at ${address}`
  if (reachOf(address) === 'private') {
    return proved({ kind: 'socket', text: `${text}, an address of a private network` })
  }
  return failed([{ kind: 'socket', text: `${text}, which the whole internet can ask` }])
}
