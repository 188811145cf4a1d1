import { networkInterfaces } from 'node:os'
import { formatAddress } from '@sallyport/kit/http'
import {
  type Finding,
  judged,
  notApplicable,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { listTools } from '../../looks/edge-answers.ts'
import { type BoundListener, type Exposure, exposure, reachOf } from '../../looks/exposure.ts'
import { ask, type Said } from '../../looks/exact-request.ts'
import { gatewayProbe, judgeSaid, wantsStatus } from './said.ts'

/** What cannot be said without a configuration. */
export const NO_CONFIG: Finding = unproved(
  'config',
  'the configuration cannot be read',
  'run `sallyport validate` and mend what it names',
)

export const loopback: Probe = {
  kind: 'probe',
  title: 'The gateway listens on loopback or a private network, and not without TLS on others',
  remedy:
    'bind `listen` and `admin` to 127.0.0.1, or publish them there, and put a proxy with TLS in front',
  look: async (deployment, signal) => {
    const known = await exposure(deployment, signal)
    return known === undefined ? NO_CONFIG : judgeListeners(known)
  },
}

/** Where compose runs the gateway its published ports count, as its container has a network of its own. */
export function judgeListeners({ listeners, published }: Exposure): Finding {
  const faults: Seen[] = []
  const good: Seen[] = []
  if (published === undefined) {
    for (const one of listeners) {
      const where = `\`${one.key}\` is bound to ${formatAddress(one)}`
      if (one.reach !== 'everywhere') good.push({ kind: 'config', text: `${where}, ${one.reach}` })
      else {
        const text = `${where}, which other networks reach without TLS`
        faults.push({ kind: 'config', text })
      }
    }
    return judged(faults, good)
  }
  for (const { address, published: port, at } of published) {
    const where = `${at} publishes ${port ?? 'a free port'} on ${address}`
    if (reachOf(address) !== 'everywhere') good.push({ kind: 'file', text: where })
    else faults.push({ kind: 'file', text: `${where}, which other networks reach without TLS` })
  }
  if (published.length === 0)
    good.push({ kind: 'file', text: 'no port of the gateway is published' })
  return judged(faults, good)
}

export const vpn: Probe = gatewayProbe(
  {
    title: 'Behind a private network a key is asked for as well',
    remedy:
      'make keys with `sallyport keys create`, and let nothing answer in place of the gateway',
  },
  async (running, signal) => {
    const known = await exposure(running.deployment, signal)
    if (known === undefined) return NO_CONFIG
    if (known.isLocal)
      return notApplicable(
        'the gateway listens on loopback only, so that no private network reaches it',
      )
    const said: Said[] = []
    for (const url of addressesOf(known, running.gateway)) {
      const reply = await ask(`${url}/mcp`, listTools(), signal)
      said.push({ request: `POST ${url}/mcp without a key`, reply })
    }
    return judgeSaid(said, wantsStatus(401, 403))
  },
)

/** Where others reach the listeners: at an address of this machine where they are bound to all of them. */
function addressesOf(
  { listeners, published }: Exposure,
  gateway: { readonly dataUrl: string; readonly adminUrl: string },
): readonly string[] {
  if (published !== undefined) return [gateway.dataUrl]
  const others = listeners.filter(({ reach }) => reach !== 'loopback')
  return others.map(({ host, port }: BoundListener) => {
    const own = ['0.0.0.0', '::'].includes(host) ? (ownAddress() ?? '127.0.0.1') : host
    return `http://${formatAddress({ host: own, port })}`
  })
}

function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? [])
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address
}
