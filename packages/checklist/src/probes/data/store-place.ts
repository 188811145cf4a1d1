import { failed, type Probe, proved, type Seen } from '../../answers/answer.ts'
import { embeddedStores, isFinding } from '../../looks/embedded-store.ts'
import { kindOfMount, type Mount, mountOf } from '../../looks/mount-of.ts'

/** That what is kept outlives a restart of machine and container. */
export const storePlace: Probe = {
  kind: 'probe',
  title: 'The embedded store lies on a disk of this machine that outlives a restart',
  remedy: 'set `store` to a path on a persistent disk or volume',
  look: async (deployment) => {
    const stores = embeddedStores(deployment)
    if (isFinding(stores)) return stores
    const mount = await mountOf(stores.main)
    const seen: Seen = { kind: 'file', text: `${stores.main} is on ${mountText(mount)}` }
    const why = WRONG[kindOfMount(mount)]
    if (why === undefined) return proved(seen)
    return failed([{ kind: 'file', text: `${seen.text}, ${why}` }])
  },
}

const WRONG = {
  disk: undefined,
  memory: 'which is memory and empty after a restart',
  layer: 'the layer of a container, which goes with it',
  network: 'a network file system, on which SQLite does not lock safely',
} as const

/** `tmpfs at /dev/shm` */
export function mountText({ type, point }: Mount): string {
  return `${type} at ${point}`
}
