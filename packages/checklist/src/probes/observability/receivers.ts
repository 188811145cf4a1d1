import {
  type AlertmanagerConfig,
  type Receiver,
  receiversOf,
  routed,
  waysOf,
} from '../../looks/alertmanager-config.ts'

// Names that nobody can have. Source: RFC 2606.
const PLACEHOLDER =
  /(?:@|\/\/)(?:[\w-]+\.)*(?:example\.(?:com|net|org)|[\w-]+\.(?:example|invalid|test))\b/

/**
 * Who is told of a critical alert, and what keeps that from being anybody. A route to a receiver that tells nobody
 * is a way to silence alerts, and no fault unless critical ones take it.
 *
 * @param place what the configuration was read from
 */
export function judgeReceivers(
  { route, receivers }: AlertmanagerConfig,
  place: string,
): { readonly faults: readonly string[]; readonly seen: readonly string[] } {
  if (route === undefined) return { faults: [`${place} routes alerts nowhere`], seen: [] }
  const known = new Map(receivers.map((receiver) => [receiver.name, receiver]))
  const missing = receiversOf(route).filter((name) => !known.has(name))
  const faults = [...new Set(missing)].map(
    (name) => `${place} routes to the receiver ${name}, which it does not have`,
  )
  const told = routed(route, { severity: 'critical' }).flatMap((name) => known.get(name) ?? [])
  const heard = told.filter((receiver) => waysOf(receiver).length > 0)
  if (told.length > 0 && heard.length === 0) {
    const names = told.map(({ name }) => name).join(', ')
    faults.push(`${place} sends critical alerts to ${names}, which notifies nobody`)
  }
  faults.push(
    ...heard
      .filter(isPlaceholder)
      .map(({ name }) => `the receiver ${name} of ${place} has an address of an example`),
  )
  const seen = heard.map((receiver) => {
    const ways = waysOf(receiver).join(', ')
    return `${place} sends critical alerts to ${receiver.name} (${ways})`
  })
  return { faults, seen }
}

function isPlaceholder(receiver: Receiver): boolean {
  return PLACEHOLDER.test(JSON.stringify(receiver))
}
