import { lstat, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { type Deployment, fact } from '../deployment.ts'
import { composeFacts } from './compose.ts'
import { pathName, sourceReferences } from './config-places.ts'
import { credentialsIn, isSecretName } from './credential-shapes.ts'
import { environmentFiles } from './environment-files.ts'
import { deploymentFiles, type FoundFile, shownPath, toFound } from './files.ts'
import { readHead } from './read-small.ts'

/** A file that holds a secret, or should. */
export interface SecretFile {
  /** Absolute. */
  readonly path: string
  /** As it is shown. */
  readonly name: string
  /** Why it is taken for one: `it holds SLACK_CLIENT_SECRET`, `auth.tokens[0] names it`. */
  readonly why: string
  /** What names it, so that it has to be there: the whole file is one secret. */
  readonly named: string | undefined
  /** What the secret is called by what names it: a key or a variable. */
  readonly called?: string | undefined
  /** Whether the platform lays it down for the process of the gateway, as `${secret:name}` means it. */
  readonly isLaidDown?: boolean
  /** Undefined where it is not there. */
  readonly found: FoundFile | undefined
}

/** Which files hold secrets, and whether some may not have been found. */
export interface SecretFiles {
  readonly files: readonly SecretFile[]
  readonly cut: boolean
}

/**
 * Environment files with credentials, files in folders called `secrets`, private keys, and whatever the
 * configuration names as the file of a secret. None of them is read but for what it takes to know that.
 *
 * @throws the signal's own reason
 */
export const secretFiles = fact(async (deployment, signal): Promise<SecretFiles> => {
  const { entries, cut } = await deploymentFiles(deployment, signal)
  const files = new Map<string, SecretFile>()
  const add = (file: SecretFile) => {
    const known = files.get(file.path)
    const called = known?.called ?? file.called
    files.set(file.path, { ...file, named: known?.named ?? file.named, called })
  }
  for (const file of await inEnvironment(deployment, signal)) add(file)
  for (const file of await slackApps(deployment)) add(file)
  for (const found of entries) {
    const why = await secretReason(found)
    if (why !== undefined) add(await toSecret(deployment, found.path, why))
  }
  for (const file of await namedFiles(deployment, signal)) add(file)
  return { files: [...files.values()], cut }
})

async function inEnvironment(deployment: Deployment, signal: AbortSignal): Promise<SecretFile[]> {
  const { files } = await environmentFiles(deployment, signal)
  const holding = files.flatMap(({ path, variables }) => {
    const first = [...variables.values()].find(
      ({ name, value }) => credentialsIn(name, value).length > 0,
    )
    return first === undefined ? [] : [{ path, why: `it holds ${first.name}` }]
  })
  return Promise.all(holding.map(({ path, why }) => toSecret(deployment, path, why)))
}

async function namedFiles(deployment: Deployment, signal: AbortSignal): Promise<SecretFile[]> {
  const { file, folder, source, variables } = deployment
  const from = file === 'environment' ? folder : dirname(file)
  const named: Promise<SecretFile>[] = []
  for (const { kind, target, path: at } of sourceReferences(source)) {
    const base = variables['CREDENTIALS_DIRECTORY'] || '/run/secrets'
    const path = kind === 'file' ? resolve(from, target) : resolve(base, target)
    const by = `\${${kind}:${target}}`
    if (kind === 'file' || kind === 'secret') {
      const file = toNamed(deployment, path, by, pathName(at))
      named.push(file.then((one) => ({ ...one, isLaidDown: kind === 'secret' })))
    }
  }
  const { projects } = await composeFacts(deployment, signal)
  for (const [name, { file: path, at }] of projects.flatMap(({ secrets }) => [...secrets])) {
    if (path !== undefined) named.push(toNamed(deployment, path, `${name} (${at})`, name))
  }
  const { files } = await environmentFiles(deployment, signal)
  for (const environment of files.filter(({ use }) => use === 'live')) {
    for (const { name, value, at } of environment.variables.values()) {
      if (!name.endsWith('_FILE') || !isSecretName(name.slice(0, -5)) || value === '') continue
      // Paths within a container are no paths of this host.
      if (value.startsWith('/run/secrets/')) continue
      const path = resolve(dirname(environment.path), value)
      named.push(toNamed(deployment, path, `${name} (${at})`, name.slice(0, -5)))
    }
  }
  return Promise.all(named)
}

/** The file of further Slack apps, where a secret stands in it. */
async function slackApps(deployment: Deployment): Promise<SecretFile[]> {
  const { config, folder } = deployment
  if (config?.slack?.apps === undefined) return []
  const path = resolve(folder, config.slack.apps)
  const text = (await readHead(path, 65_536)) ?? ''
  const holds = /^[ \t-]*["']?(?:client|signing)Secret["']?\s*:\s*["']?(?!\$\{)[^\s"'#]/im.test(
    text,
  )
  return holds ? [await toSecret(deployment, path, 'it holds secrets of Slack apps')] : []
}

/** A file that something names as that of one secret. */
async function toNamed(
  deployment: Deployment,
  path: string,
  named: string,
  called: string,
): Promise<SecretFile> {
  return { ...(await toSecret(deployment, path, `${named} names it`)), named, called }
}

/** A file with its status; that of the file it points to where it is a link. */
async function toSecret(deployment: Deployment, path: string, why: string): Promise<SecretFile> {
  const name = shownPath(deployment, path)
  const status = await stat(path).catch(() => lstat(path).catch(() => undefined)) // absent, or not for us
  const found = status && toFound(path, name, status)
  return { path, name, why, named: undefined, found }
}

const SECRETS_FOLDER = /^\.?secrets?$/i
const VALUE_NAME = /^[^.]+$|\.(?:txt|key|pem|token|secret|password|passwd|pass|pw|jwt)$/i
const NO_VALUE = /^(?:readme|license|makefile|dockerfile|justfile|codeowners)/i
const KEY_NAME = /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$|\.(?:key|pem|ppk)$/i
const KEY_STORE = /\.(?:p12|pfx|jks)$/i

/** Why a file holds a secret, by its place, its name and its first lines. */
async function secretReason({ path, kind }: FoundFile): Promise<string | undefined> {
  if (kind !== 'file') return undefined
  const name = basename(path)
  if (KEY_STORE.test(name)) return 'it is a store of private keys'
  if (KEY_NAME.test(name) && (await isPrivateKey(path))) return 'it is a private key'
  if (!SECRETS_FOLDER.test(basename(dirname(path)))) return undefined
  if (!VALUE_NAME.test(name) || NO_VALUE.test(name)) return undefined
  const head = await readHead(path)
  // Sources and notes may be in a folder of that name too; what may not be read is no note.
  const isValue = head === undefined || /^[^\s#][^\n]*\n?$/.test(head.trimStart())
  return isValue ? 'it is in a folder of secrets' : undefined
}

/** Whether a file begins with a private key in PEM. */
export async function isPrivateKey(path: string): Promise<boolean> {
  const head = await readHead(path)
  return head !== undefined && /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(head)
}
