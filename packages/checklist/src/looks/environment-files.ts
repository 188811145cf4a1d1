import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { type Deployment, fact } from '../deployment.ts'
import { redactorOf } from '../engine/redact.ts'
import { composeFacts } from './compose.ts'
import { credentialsIn } from './credential-shapes.ts'
import { deploymentFiles, shownPath } from './files.ts'
import { readSmall } from './read-small.ts'
import { unitEnvironment } from './unit-environment.ts'

/** One variable of an environment file. Its value may be a secret: it is judged, never told. */
export interface FileVariable {
  readonly name: string
  readonly value: string
  /** `.env:3` */
  readonly at: string
}

/** A file that gives variables to a program. */
export interface EnvironmentFile {
  /** Absolute. */
  readonly path: string
  /** As it is shown. */
  readonly name: string
  /**
   * `live`: something of this deployment may read it; `foreign`: its name says that it belongs to another
   * environment; `old`: a copy that was left.
   */
  readonly use: 'live' | 'foreign' | 'old'
  /** By name; empty where it could not be read. */
  readonly variables: ReadonlyMap<string, FileVariable>
  /** Why it could not be read, as the end of a sentence that begins with its name. */
  readonly fault: string | undefined
}

/** What environment files there are. */
export interface EnvironmentFiles {
  readonly files: readonly EnvironmentFile[]
  /** Whether some may not have been found. */
  readonly cut: boolean
}

const NAME = /^\.env(?:\.[^/]+)?$/
const TEMPLATE = /(?:^|[.-])(?:examples?|samples?|templates?|tmpl|tpl|dist|skeleton|schema)$/i
const SEALED = /\.(?:age|gpg|asc|pgp|enc|sops|vault|sealed)$/i
const OLD = /(?:\.(?:bak|backup|old|orig|save|swp|tmp|copy|prev|\d{4,}[\w-]*)|~)$/i

/** Whether a file of that name gives variables; templates and sealed files do not. */
export function isEnvironmentName(path: string): boolean {
  const name = basename(path)
  return NAME.test(name) && !TEMPLATE.test(name) && !SEALED.test(name)
}

/**
 * `checklist.environmentFiles`, by default `.env` and `.env.*` anywhere in the folders, no templates, and whatever
 * compose files and units name.
 *
 * @throws the signal's own reason
 */
export const environmentFiles = fact(async (deployment, signal): Promise<EnvironmentFiles> => {
  const { settings, folder } = deployment
  const named = settings.environmentFiles
  if (named !== undefined) {
    const files = named.map((path) => readOne(deployment, resolve(folder, path), true))
    return { files: await Promise.all(files), cut: false }
  }
  const { entries, cut } = await deploymentFiles(deployment, signal)
  const files: EnvironmentFile[] = []
  for (const path of await namedFiles(deployment, signal)) {
    files.push(await readOne(deployment, path, true))
  }
  const known = new Set(files.map(({ path }) => path))
  for (const { path, kind } of entries) {
    if (kind === 'folder' || kind === 'other' || !isEnvironmentName(path)) continue
    if (known.has(path)) continue
    if (kind === 'link' && !(await isFile(path))) continue
    files.push(await readOne(deployment, path, false))
  }
  return { files, cut }
})

/** Files of `env_file:` and `EnvironmentFile=`; those that may be absent only where they are there. */
async function namedFiles(deployment: Deployment, signal: AbortSignal): Promise<Set<string>> {
  const { services } = await composeFacts(deployment, signal)
  const units = await unitEnvironment(deployment, signal)
  const named = [
    ...services.flatMap(({ envFiles }) =>
      envFiles.map(({ path, required }) => ({ path, optional: !required })),
    ),
    ...units.files,
  ]
  const paths = new Set<string>()
  for (const { path, optional } of named) {
    if (!optional || (await isFile(path))) paths.add(path)
  }
  return paths
}

/** Only those that something of this deployment may read. */
export async function liveEnvironmentFiles(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<readonly EnvironmentFile[]> {
  const { files } = await environmentFiles(deployment, signal)
  return files.filter(({ use }) => use === 'live')
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

async function readOne(
  deployment: Deployment,
  path: string,
  isNamed: boolean,
): Promise<EnvironmentFile> {
  const name = shownPath(deployment, path)
  const use = isNamed ? 'live' : useOf(path, deployment.environment)
  const reading = await readSmall(path)
  if ('fault' in reading) return { path, name, use, variables: new Map(), fault: reading.fault }
  const variables = variablesIn(reading.text, name)
  for (const one of variables.values()) {
    for (const { value } of credentialsIn(one.name, one.value)) redactorOf(deployment).add(value)
  }
  return { path, name, use, variables, fault: undefined }
}

/** Variables of the text of an environment file, with their lines. @param name of the file, as it is shown */
export function variablesIn(text: string, name: string): Map<string, FileVariable> {
  const lines = linesOf(text)
  const variables = new Map<string, FileVariable>()
  for (const [key, value = ''] of Object.entries(parseEnv(text))) {
    variables.set(key, { name: key, value, at: `${name}:${lines.get(key) ?? 1}` })
  }
  return variables
}

/** The last line of each key, which is the one that counts. */
function linesOf(text: string): Map<string, number> {
  const lines = new Map<string, number>()
  for (const [index, line] of text.split('\n').entries()) {
    const [, key] = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=/.exec(line) ?? []
    if (key !== undefined) lines.set(key, index + 1)
  }
  return lines
}

const KINDS: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/^(?:dev|develop|development)$/i, 'development'],
  [/^(?:test|tests|testing|ci|e2e)$/i, 'test'],
  [/^(?:staging|stage|stg|preview|qa|uat|preprod)$/i, 'staging'],
  [/^(?:prod|production|live)$/i, 'production'],
]

/** What kind of environment a word names; undefined for words that name none. */
function environmentKind(word: string): string | undefined {
  return KINDS.find(([pattern]) => pattern.test(word))?.[1]
}

function useOf(path: string, environment: string): EnvironmentFile['use'] {
  const suffix = basename(path).replace(/^\.env\.?/, '')
  if (OLD.test(suffix === '' ? basename(path) : `.${suffix}`)) return 'old'
  const kinds = suffix.split('.').flatMap((word) => environmentKind(word) ?? [])
  const [kind] = kinds
  if (kind === undefined) return 'live'
  return kind === (environmentKind(environment) ?? 'production') ? 'live' : 'foreign'
}
