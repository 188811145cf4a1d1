import { statfs } from 'node:fs/promises'
import { failed, type Finding, judged, proved, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { bytesText, faultOf } from '../../looks/bytes-of.ts'
import { type DataPlace, postgresPlaces } from '../../looks/data-places.ts'
import { kindOfMount, mountOf } from '../../looks/mount-of.ts'
import { placeOfHost } from '../../looks/network.ts'
import { type PostgresReading, postgresReadings } from '../../looks/postgres.ts'
import type { PostgresFacts } from '../../looks/postgres-facts.ts'
import { nameOf, placeProbe, silent } from './over-places.ts'
import { judgePublished } from './published.ts'
import { mountText } from './store-place.ts'
import { volumeOf } from './volume-of.ts'

const BASE = { places: postgresPlaces, read: postgresReadings, product: 'PostgreSQL' } as const
/** Of the official image. Source: Docker Hub, "postgres", PGDATA. */
const DATA_FOLDER = '/var/lib/postgresql/data'
const DOCKER_FOLDER = '/var/lib/docker'
const FREE_BYTES_MIN = 1024 ** 3

/** That the database is asked by the deployment alone. */
export const postgresNotPublished = placeProbe<PostgresReading>({
  ...BASE,
  title: 'PostgreSQL can be reached from this machine or a private network alone',
  remedy:
    'publish no port, or at `127.0.0.1:5432:5432`; outside of containers set `listen_addresses`',
  judge: ({ place }) => judgePublished(place),
})

/** That what is committed outlives a crash and a new container. */
export const postgresPersistent = placeProbe<PostgresReading>({
  ...BASE,
  title: 'What PostgreSQL commits is on a disk that outlives its container and a crash',
  remedy:
    'mount a named volume at the data folder, and leave `fsync`, `full_page_writes` and `synchronous_commit` on',
  judge: async ({ place, facts, missing }, deployment, signal) => {
    const name = nameOf(place)
    const unsafe = (facts?.unsafe ?? []).map((setting): Seen => ({
      kind: 'database',
      text: `${name} has \`${setting}\` off`,
    }))
    if (place.service !== undefined) {
      const volume = await volumeOf(place.service, DATA_FOLDER, deployment, signal)
      const faults = [...unsafe, ...(volume.fault === undefined ? [] : [volume.fault])]
      if (faults.length > 0) return failed(faults)
      return facts === undefined ? silent(place, missing.text) : proved(volume.seen)
    }
    if (facts === undefined) return silent(place, missing.text)
    if (unsafe.length > 0) return failed(unsafe)
    const folder = await folderHere(place, facts)
    if ('state' in folder) return folder
    const mount = await mountOf(folder.path)
    const text = `${name} keeps its data at ${folder.path}, ${mountText(mount)}`
    const kind = kindOfMount(mount)
    const faults: Seen[] = kind === 'memory' || kind === 'layer' ? [{ kind: 'file', text }] : []
    return judged(faults, [{ kind: 'file', text }])
  },
})

/** That the disk is not full tomorrow. */
export const postgresSize = placeProbe<PostgresReading>({
  ...BASE,
  title: 'The disk of PostgreSQL has room for what the database may become',
  remedy: 'free disk, or lower `audit.maxSize`',
  judge: async ({ place, facts, missing }, deployment, signal) => {
    if (facts === undefined) return silent(place, missing.text)
    const size = `${nameOf(place)} has ${bytesText(facts.databaseBytes)}`
    const folder = await diskOf(place, facts, { deployment, signal })
    if ('state' in folder) return { ...folder, evidence: [...folder.evidence, seen(size)] }
    const { bavail, bsize } = await statfs(folder.path)
    const freeBytes = bavail * bsize
    const maxBytes = place.isStore ? (deployment.config?.audit.maxBytes ?? 0) : 0
    const growthBytes = Math.max(FREE_BYTES_MIN, maxBytes - facts.databaseBytes)
    const text = `${size} and may grow by ${bytesText(growthBytes)}; ${bytesText(freeBytes)} are free at ${folder.path}`
    return freeBytes < growthBytes ? failed([seen(text)]) : proved(seen(text))
  },
})

function seen(text: string): Seen {
  return { kind: 'database', text }
}

/** The folder of its data, where it runs on this machine and says so. */
async function folderHere(
  place: DataPlace,
  { dataFolder }: PostgresFacts,
): Promise<{ readonly path: string } | Finding> {
  const found = await placeOfHost(place.host)
  if (found?.isHere !== true) {
    const remedy = 'look at its disk there, and attest it'
    return unproved('database', `${nameOf(place)} is on another machine`, remedy)
  }
  if (dataFolder === undefined) {
    const remedy = 'run `grant pg_monitor` to the role'
    return unproved(
      'database',
      `${nameOf(place)} does not tell its role where its data are`,
      remedy,
    )
  }
  return readable(dataFolder)
}

async function diskOf(
  place: DataPlace,
  facts: PostgresFacts,
  { deployment, signal }: { readonly deployment: Deployment; readonly signal: AbortSignal },
): Promise<{ readonly path: string } | Finding> {
  if (place.service === undefined) return folderHere(place, facts)
  const volume = await volumeOf(place.service, DATA_FOLDER, deployment, signal)
  return readable(volume.folder ?? DOCKER_FOLDER)
}

async function readable(path: string): Promise<{ readonly path: string } | Finding> {
  try {
    await statfs(path)
    return { path }
  } catch (thrown) {
    const remedy = 'run the check on the machine of PostgreSQL'
    return unproved('file', `${path} cannot be looked at: ${faultOf(thrown)}`, remedy)
  }
}
