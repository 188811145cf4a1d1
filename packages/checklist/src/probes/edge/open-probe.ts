import { isLoopback, isLocalhostName } from '@sallyport/kit/http'
import { type Finding, notApplicable, type Probe, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { type Exposure, exposure } from '../../looks/exposure.ts'
import { ourSites, type Proxies, proxyFacts, type ProxySite } from '../../looks/proxies.ts'
import { NO_CONFIG } from './listeners.ts'

/** What a probe of the public address or of a proxy has to look at. */
export interface OpenPlace {
  /** `publicUrl`, unless it is plain HTTP of this machine alone. */
  readonly url: URL | undefined
  readonly exposure: Exposure
  readonly proxies: Proxies
  /** Of the proxies those that clients reach the gateway by. */
  readonly sites: readonly ProxySite[]
}

/** A probe of what others reach; where nothing of the deployment can be reached by others it does not apply. */
export function openProbe(
  words: Pick<Probe, 'title' | 'remedy' | 'deadlineMs'>,
  look: (
    place: OpenPlace,
    deployment: Deployment,
    signal: AbortSignal,
  ) => Promise<Finding> | Finding,
): Probe {
  return {
    kind: 'probe',
    ...words,
    look: async (deployment, signal) => {
      const known = await exposure(deployment, signal)
      if (known === undefined) return NO_CONFIG
      const proxies = await proxyFacts(deployment, signal)
      const { open } = known
      const isOwn = open?.protocol === 'http:' && isOfThisMachine(open)
      const url = isOwn ? undefined : open
      if (url === undefined && known.isLocal && proxies.files.length === 0) {
        return notApplicable(
          'the gateway listens on loopback only, no `publicUrl` is set and no file of a proxy is there: nobody else reaches it',
        )
      }
      const sites = ourSites(proxies.sites, url)
      return look({ url, exposure: known, proxies, sites }, deployment, signal)
    },
  }
}

/** Without a public address nothing can be asked there. */
export const NO_PUBLIC_URL: Finding = unproved(
  'config',
  '`publicUrl` is not set, so that there is no address to look at',
  'set `publicUrl` to the address under which clients reach the gateway',
)

function isOfThisMachine({ hostname }: URL): boolean {
  return isLoopback(hostname) || isLocalhostName(hostname)
}
