import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { keyFileOf } from '@sallyport/kit/store'
import {
  failed,
  type Finding,
  judged,
  notApplicable,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { backupFolder, offsiteFolder } from '../../looks/backups/backup-files.ts'
import { withoutConfig } from '../../looks/embedded-store.ts'

const FILE_BYTES_MAX = 64 * 1024
const FILES_MAX = 500

/** That whoever gets a backup does not get the key with it. */
export const storeMasterKey: Probe = {
  kind: 'probe',
  title: 'Only its own user reads the master key, and no declared backup holds it',
  remedy: 'run `chmod 600` on the file of the master key and keep it apart from the backups',
  look: async (deployment, signal) => {
    const { config } = deployment
    if (config === undefined) return withoutConfig()
    if (config.store === undefined) return unproved('config', 'the configuration names no store')
    const place = keyPlace(deployment)
    if ('state' in place) return place
    const missing = place.files.find((file) => !existsSync(file))
    if (missing !== undefined) {
      return unproved('file', `no master key is at ${missing} yet`, 'start the gateway once')
    }
    const found = await Promise.all(place.files.map(judgeFile))
    const texts = config.masterKey?.map((key) => key.reveal()) ?? (await textsIn(place.files))
    const { files, unseen } = await filesOfBackups(deployment, signal)
    const copies = await copiesOf(texts, files)
    const faults = [...found.flatMap(({ faults: own }) => own), ...copies]
    if (faults.length === 0 && unseen !== undefined) return unproved('file', unseen)
    return judged(faults, [...place.seen, ...found.flatMap(({ seen }) => seen)])
  },
}

interface KeyPlace {
  readonly files: readonly string[]
  readonly seen: readonly Seen[]
}

/** Where the key comes from: the configuration's reference, the environment, or the file beside the store. */
function keyPlace({ config, source, folder }: Deployment): KeyPlace | Finding {
  const texts = referencesOf(source)
  if (texts.some((text) => !text.includes('${'))) {
    const text = 'the key `masterKey` stands in the configuration itself'
    return failed([{ kind: 'config', text }], 'put it into a file and write `${file:<path>}`')
  }
  const files = texts.flatMap((text) => {
    const path = /^\$\{file:([^}]+)\}$/.exec(text)?.[1]
    return path === undefined ? [] : [resolve(folder, path)]
  })
  if (files.length > 0) return { files, seen: [] }
  if (config?.masterKey !== undefined) {
    return { files: [], seen: [{ kind: 'environment', text: 'it comes from the environment' }] }
  }
  const beside = config?.store === undefined ? undefined : keyFileOf(config.store)
  return beside === undefined
    ? notApplicable('no master key is configured, so no gateway of this can start')
    : { files: [resolve(folder, beside)], seen: [] }
}

function referencesOf(source: unknown): string[] {
  if (typeof source !== 'object' || source === null || !('masterKey' in source)) return []
  const { masterKey } = source
  const texts: unknown[] = Array.isArray(masterKey) ? masterKey : [masterKey]
  return texts.filter((text) => typeof text === 'string')
}

async function judgeFile(path: string): Promise<{ faults: Seen[]; seen: Seen[] }> {
  const mode = (await stat(path)).mode & 0o777
  const seen: Seen = { kind: 'file', text: `${path} has the mode ${mode.toString(8)}` }
  // What a container is given there is in no other one.
  const isOpen = (mode & 0o077) !== 0 && !path.startsWith('/run/secrets/')
  return isOpen ? { faults: [seen], seen: [] } : { faults: [], seen: [seen] }
}

async function textsIn(files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return texts.flatMap((text) => text.trim().split(/\s+/))
}

interface SmallFiles {
  readonly files: readonly string[]
  /** Why some are not known, as a sentence. */
  readonly unseen: string | undefined
}

async function filesOfBackups(deployment: Deployment, signal: AbortSignal): Promise<SmallFiles> {
  if (deployment.settings.backups === undefined) return { files: [], unseen: undefined }
  const readings = await Promise.all([
    backupFolder(deployment, signal),
    offsiteFolder(deployment, signal),
  ])
  const found: string[] = []
  let unseen: string | undefined
  for (const reading of readings) {
    // A folder that is not there holds no copy.
    if (reading?.known === false && reading.finding.state === 'unproved')
      unseen = reading.finding.evidence[0]?.text
    if (reading?.known !== true) continue
    const { files, others, folder, isCut } = reading.backups
    const small = files.filter(({ bytes }) => bytes <= FILE_BYTES_MAX).map(({ path }) => path)
    const all = [...others, ...small]
    if (isCut || all.length > FILES_MAX) unseen = `${folder} holds more files than are looked into`
    found.push(...all.slice(0, FILES_MAX))
  }
  return { files: found, unseen }
}

async function copiesOf(keys: readonly string[], files: readonly string[]): Promise<Seen[]> {
  const long = keys.filter((key) => key.length >= 32)
  const found: Seen[] = []
  for (const path of files) {
    const text = await readFile(path, 'latin1')
    if (long.some((key) => text.includes(key))) {
      found.push({ kind: 'file', text: `${path}, among the backups, holds the master key` })
    }
  }
  return found
}
