import { failed, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import { firewallFacts, hasIpv6 } from '../../looks/firewall.ts'

/**
 * What no rule lets in is denied, in both families of addresses.
 *
 * @param root `/`, but in tests
 */
export function firewall(root: string): Probe {
  return {
    kind: 'probe',
    title: 'The firewall of this host denies what no rule lets in',
    remedy: 'run `ufw default deny incoming`, allow the ports that are meant, and run `ufw enable`',
    async look(deployment, signal) {
      const { views, forbidden } = await firewallFacts(deployment, signal)
      const families = (await hasIpv6(root, signal))
        ? (['IPv4', 'IPv6'] as const)
        : (['IPv4'] as const)
      const faults: Seen[] = []
      const unknowns: Seen[] = []
      const seen: Seen[] = []
      for (const family of families) {
        const own = views.filter((view) => view.families.includes(family))
        const denying = own.find(({ isDenied }) => isDenied)
        if (denying !== undefined) {
          seen.push({ kind: 'command', text: `${denying.name}: ${family} is denied by default` })
        } else if (forbidden.length > 0 || own.length === 0) {
          const text =
            forbidden.length > 0
              ? `this user may not ask ${forbidden.join(', ')} about ${family}`
              : `none of ufw, nft and iptables tells of ${family}`
          unknowns.push({ kind: 'command', text })
        } else {
          const names = own.map(({ name }) => name).join(', ')
          faults.push({ kind: 'command', text: `${names}: ${family} is let in by default` })
        }
      }
      if (faults.length > 0) return failed(faults)
      if (unknowns.length === 0) return proved(...seen)
      const remedy = 'run the check as root, where `ufw`, `nft` or `iptables` is installed'
      const [first] = unknowns
      return unknowns.length === 1 && first !== undefined
        ? unproved('command', first.text, remedy)
        : { state: 'unproved', evidence: unknowns, remedy }
    },
  }
}
