import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { judged, type Probe, type Seen } from '../../answers/answer.ts'
import { embeddedStores, isFinding } from '../../looks/embedded-store.ts'

const FILES_MAX = 200

/** That nobody else of this machine reads what is kept. */
export const storeMode: Probe = {
  kind: 'probe',
  title: 'Only its own user reads the embedded store: files 600, their folder 700',
  remedy: 'run `chmod 600` on the files and `chmod 700` on the folder',
  look: async (deployment) => {
    const stores = embeddedStores(deployment)
    if (isFinding(stores)) return stores
    const files = await filesOf(stores.paths)
    const modes = await Promise.all(files.map(modeOf))
    const folderMode = await modeOf(stores.folder)
    const faults = [
      ...files.flatMap((file, index) => openTo(modes[index] ?? 0, 0o177, `file ${file}`)),
      ...openTo(folderMode, 0o077, `folder ${stores.folder}`),
    ]
    const names = files.map((file) => basename(file)).join(', ')
    const text = `in ${stores.folder} nobody else reads ${names}`
    return judged(faults, [{ kind: 'file', text }])
  },
}

/** A store with what SQLite and the gateway keep beside it; a socket is not among them. */
async function filesOf(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const name = basename(path)
      const entries = await readdir(dirname(path), { withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile() && isPartOf(entry.name, name))
        .map((entry) => join(dirname(path), entry.name))
    }),
  )
  return found.flat().sort().slice(0, FILES_MAX)
}

function isPartOf(name: string, store: string): boolean {
  if (name === `${store}.key`) return false // an answer of its own
  return name === store || name.startsWith(`${store}-`) || name.startsWith(`${store}.`)
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

function openTo(mode: number, forbidden: number, what: string): Seen[] {
  if ((mode & forbidden) === 0) return []
  return [{ kind: 'file', text: `the ${what} has the mode ${mode.toString(8)}` }]
}
