import type { Seen } from '../../answers/answer.ts'
import type { ComposePort, ComposeService } from '../../looks/compose.ts'
import type { ServiceRole } from '../../looks/compose-roles.ts'
import { isLoopbackHost, reachOf } from '../../looks/network.ts'
import { all, seen, stackProbe, type Stack } from './stack.ts'

const STORES: ReadonlySet<ServiceRole | undefined> = new Set(['postgres', 'redis', 'store'])
const WEB_PORTS = new Set(['80', '443'])

/** Only what is meant to be reached is published, and on this host alone where that is enough. */
export const ports = stackProbe({
  title:
    'No data store and no server is published, and everything else on loopback unless declared',
  remedy: 'remove the port from `ports`, or bind it to `127.0.0.1`, as in `127.0.0.1:9100:9100`',
  judge(stack) {
    const published = stack.services.flatMap((service) =>
      service.ports.map((port) => ({ service, port })),
    )
    const faults = published.flatMap(({ service, port }): Seen[] => {
      const fault = faultOf(service, port, stack)
      return fault === undefined ? [] : [seen(port.at, service, fault)]
    })
    const looked = published.map(({ service, port }) =>
      seen(port.at, service, `is published at ${shown(port)}`),
    )
    const none: Seen[] = all(stack.services, 'nothing is published')
    return { faults, seen: looked.length > 0 ? looked : none }
  },
})

function faultOf(service: ComposeService, port: ComposePort, stack: Stack): string | undefined {
  const role = stack.roles.get(service)
  const where = shown(port)
  if (role === 'backend' && hasGateway(stack)) {
    return `publishes ${where}, past the gateway: only the gateway's port may be`
  }
  if (isLoopbackHost(port.address)) return undefined
  if (STORES.has(role)) return `publishes its data store at ${where}`
  if (role === 'backend') return `publishes ${where}: only loopback may be`
  if (role === 'gateway') {
    return reachOf(port.address) === 'private'
      ? undefined
      : `publishes the gateway at ${where}: only loopback may be`
  }
  const number = port.published ?? ''
  if (role === 'proxy' && WEB_PORTS.has(number)) return undefined
  if (stack.deployment.settings.ports?.includes(Number(number)) === true) return undefined
  return `publishes ${where} for others, which \`checklist.ports\` does not name`
}

function shown({ address, published, target }: ComposePort): string {
  const host = address.includes(':') ? `[${address}]` : address
  return `${host}:${published ?? '(any free port)'} to ${target}`
}

function hasGateway({ roles }: Stack): boolean {
  return [...roles.values()].includes('gateway')
}

/** Servers and data stores are reached over a network of the deployment and no other way. */
export const internal = stackProbe({
  title: 'Servers and data stores are reached over a network inside the deployment alone',
  remedy:
    'give the service a network in common with the gateway, and neither `ports` nor the host network',
  judge(stack) {
    const inner = stack.services.filter((service) => {
      const role = stack.roles.get(service)
      return role === 'backend' || STORES.has(role)
    })
    const gateways = stack.services.filter((service) => stack.roles.get(service) === 'gateway')
    const faults = inner.flatMap((service): Seen[] => {
      if (service.networkMode === 'host') {
        return [seen(service.at('network_mode'), service, 'is on the network of the host')]
      }
      const open = service.ports.find(({ address }) => !isLoopbackHost(address))
      if (open !== undefined) return [seen(open.at, service, `is published at ${shown(open)}`)]
      const isServer = stack.roles.get(service) === 'backend'
      if (!isServer || gateways.length === 0 || gateways.some((one) => areTogether(one, service))) {
        return []
      }
      return [seen(service.at('networks'), service, 'has no network in common with the gateway')]
    })
    const none: Seen = {
      kind: 'file',
      text: 'no service is a server behind the gateway or a store',
    }
    return { faults, seen: inner.length > 0 ? all(inner, 'reached inside alone') : [none] }
  },
})

function areTogether(one: ComposeService, other: ComposeService): boolean {
  if (one.project !== other.project) return false
  if (other.networkMode === `service:${one.name}`) return true
  return one.networks.some((network) => other.networks.includes(network))
}
