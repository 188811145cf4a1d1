import { isLoopback, isPublicAddress } from '@sallyport/kit/http'
import { type Deployment, fact, type Fact } from '../deployment.ts'
import { composeFacts } from './compose.ts'
import { composeRoles } from './compose-roles.ts'
import type { ComposePort } from './compose/service.ts'

/** From where an address can be reached. `everywhere`: every network that there is, the internet too. */
export type Reach = 'loopback' | 'private' | 'everywhere'

/** One listener of the gateway, as it is bound. */
export interface BoundListener {
  /** Key of the configuration. */
  readonly key: 'listen' | 'admin'
  readonly host: string
  readonly port: number
  readonly reach: Reach
}

/** From where the gateway can be reached. */
export interface Exposure {
  /** `publicUrl`. */
  readonly open: URL | undefined
  readonly listeners: readonly BoundListener[]
  /** What the gateway's services publish where compose runs them; undefined where it runs none. */
  readonly published: readonly ComposePort[] | undefined
  /** Whether nobody but this machine reaches it. */
  readonly isLocal: boolean
}

/** Undefined where the configuration cannot be read. */
export const exposure: Fact<Exposure | undefined> = fact(async (deployment, signal) => {
  const { config } = deployment
  if (config === undefined) return undefined
  const open = config.publicUrl === undefined ? undefined : new URL(config.publicUrl)
  const listeners = [bound(deployment, 'listen'), bound(deployment, 'admin')]
  const published = await publishedPorts(deployment, signal)
  const reaches =
    published === undefined
      ? listeners.map(({ reach }) => reach)
      : published.map(({ address }) => reachOf(address))
  return { open, listeners, published, isLocal: reaches.every((reach) => reach === 'loopback') }
})

/** From where an address of a listener can be reached. */
export function reachOf(host: string): Reach {
  if (isLoopback(host)) return 'loopback'
  if (['0.0.0.0', '::', ''].includes(host)) return 'everywhere'
  return isPublicAddress(host) ? 'everywhere' : 'private'
}

/** A socket that was handed over tells its address only while the gateway runs. */
function bound({ config, gateway }: Deployment, key: 'listen' | 'admin'): BoundListener {
  const said = config?.[key] ?? { host: '', port: 0 }
  const url = key === 'listen' ? gateway?.dataUrl : gateway?.adminUrl
  const live = url === undefined ? undefined : new URL(url)
  const host =
    said.host === '' && live !== undefined ? live.hostname.replace(/^\[|\]$/g, '') : said.host
  const port = live === undefined ? said.port : Number(live.port)
  return { key, host, port, reach: reachOf(host) }
}

async function publishedPorts(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<readonly ComposePort[] | undefined> {
  const { services } = await composeFacts(deployment, signal)
  const roles = await composeRoles(deployment, signal)
  const gateways = services.filter((service) => roles.get(service) === 'gateway')
  const isHosts = gateways.some(({ networkMode }) => networkMode === 'host')
  if (gateways.length === 0 || isHosts) return undefined
  return gateways.flatMap(({ ports }) => [...ports])
}
