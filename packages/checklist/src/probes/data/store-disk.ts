import { stat, statfs } from 'node:fs/promises'
import { failed, type Probe, proved, type Seen } from '../../answers/answer.ts'
import { bytesText } from '../../looks/bytes-of.ts'
import { embeddedStores, isFinding, withoutConfig } from '../../looks/embedded-store.ts'

const FREE_BYTES_MIN = 1024 ** 3
const FILES_MIN = 1_000

/** That the disk holds the store as large as it may become. */
export const storeDisk: Probe = {
  kind: 'probe',
  title: 'The disk of the embedded store has room for all that the audit log may become',
  remedy: 'free disk, or lower `audit.maxSize`',
  look: async (deployment) => {
    const { config } = deployment
    const stores = embeddedStores(deployment)
    if (isFinding(stores)) return stores
    if (config === undefined) return withoutConfig()
    const { bavail, bsize, files, ffree } = await statfs(stores.folder)
    const { size } = await stat(stores.main)
    const freeBytes = bavail * bsize
    const growthBytes = Math.max(FREE_BYTES_MIN, config.audit.maxBytes - size)
    const seen: Seen = {
      kind: 'file',
      text: `${bytesText(freeBytes)} are free at ${stores.folder}; the store has ${bytesText(size)} and may grow by ${bytesText(growthBytes)}`,
    }
    if (freeBytes < growthBytes) return failed([seen])
    // File systems without a table of files say 0 of 0.
    if (files > 0 && ffree < FILES_MIN) {
      const text = `only ${ffree} more files can be made at ${stores.folder}`
      return failed([{ kind: 'file', text }], 'remove small files from this file system')
    }
    return proved(seen)
  },
}
