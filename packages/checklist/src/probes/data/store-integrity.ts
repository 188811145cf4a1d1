import { type Finding, type Probe, proved, type Seen } from '../../answers/answer.ts'
import { embeddedStores, isFinding } from '../../looks/embedded-store.ts'
import { quickCheck } from '../../looks/quick-check.ts'

/** That SQLite finds nothing wrong with the store. */
export const storeIntegrity: Probe = {
  kind: 'probe',
  title: 'The embedded store is not damaged',
  remedy: 'stop the gateway and restore the newest backup',
  deadlineMs: 20_000,
  look: async (deployment, signal) => {
    const stores = embeddedStores(deployment)
    if (isFinding(stores)) return stores
    const seen: Seen[] = []
    for (const path of stores.paths) {
      const check = await quickCheck(deployment, path, signal)
      if (check.verdict !== 'sound') return notSound(check)
      seen.push({ kind: 'database', text: `${path} passed \`pragma quick_check\`` })
    }
    return proved(...seen)
  },
}

function notSound(check: {
  readonly verdict: 'damaged' | 'unknown'
  readonly text: string
}): Finding {
  const evidence: Seen[] = [{ kind: 'database', text: check.text }]
  if (check.verdict === 'damaged') return { state: 'failed', evidence }
  return { state: 'unproved', evidence, remedy: 'check a restored backup instead' }
}
