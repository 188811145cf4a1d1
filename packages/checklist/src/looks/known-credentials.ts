import { basename } from 'node:path'
import type { ConfigPath } from '@sallyport/kit/config'
import { Secret } from '@sallyport/kit/secret'
import { type Deployment, fact } from '../deployment.ts'
import { redactorOf } from '../engine/redact.ts'
import { configPlaces, pathName, sourceReferences } from './config-places.ts'
import { credentialsIn, type FoundCredential, isNoSecret, purposeOf } from './credential-shapes.ts'
import { environmentFiles, type FileVariable } from './environment-files.ts'
import { givenVariables } from './given-variables.ts'
import { readSmall } from './read-small.ts'
import { secretFiles } from './secret-files.ts'

/** A credential of the deployment. Its value is judged, never told. */
export interface KnownCredential extends FoundCredential {
  /** Where it is: `POSTGRES_PASSWORD (.env:3)`, `secrets/db_password.txt`. */
  readonly where: string
}

/**
 * Every credential that the deployment holds: in variables, in files of secrets and in the configuration.
 *
 * @throws the signal's own reason
 */
export const knownCredentials = fact(async (deployment, signal): Promise<KnownCredential[]> => {
  const variables = (await givenVariables(deployment, signal)).flatMap(inVariable)
  const files = await inFiles(deployment, signal)
  const all = distinct([...variables, ...files, ...(await inConfig(deployment, signal))])
  for (const { value } of all) redactorOf(deployment).add(value)
  return all
})

/** Credentials in the files of other environments that are in the same folders. */
export async function foreignCredentials(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<KnownCredential[]> {
  const { files } = await environmentFiles(deployment, signal)
  const foreign = files.filter(({ use }) => use === 'foreign')
  return foreign.flatMap(({ variables }) => [...variables.values()].flatMap(inVariable))
}

/** Credentials in one variable. */
function inVariable({ name, value, at }: FileVariable): KnownCredential[] {
  return credentialsIn(name, value).map((found) => ({ ...found, where: `${name} (${at})` }))
}

async function inFiles(deployment: Deployment, signal: AbortSignal): Promise<KnownCredential[]> {
  const { files } = await secretFiles(deployment, signal)
  const found: KnownCredential[] = []
  for (const { path, name, named, called, found: status } of files) {
    const isWhole = named !== undefined || /(?:^|\/)\.?secrets?\/[^/]+$/i.test(name)
    if (!isWhole || status?.kind !== 'file') continue
    const value = await oneValue(path)
    const stem = basename(path).replace(/\.\w+$/, '')
    if (value === undefined || isNoSecret(value)) continue
    for (const one of inSecretFile(called ?? stem, stem, value)) found.push({ ...one, where: name })
  }
  return found
}

/** The whole file is a secret, whatever it is called. */
function inSecretFile(called: string, stem: string, value: string): FoundCredential[] {
  const inName = [...credentialsIn(called, value), ...credentialsIn(stem, value)].slice(0, 1)
  return inName.length > 0 ? inName : [{ kind: 'issued', purpose: purposeOf(stem), value }]
}

async function oneValue(path: string): Promise<string | undefined> {
  const reading = await readSmall(path)
  if ('fault' in reading) return undefined
  const text = reading.text.trim()
  return text === '' || text.includes('\n') ? undefined : text
}

async function inConfig(deployment: Deployment, signal: AbortSignal): Promise<KnownCredential[]> {
  const { config, source } = deployment
  // What comes from variables is told of them.
  if (config === undefined || deployment.file === 'environment') return []
  const placeOf = await configPlaces(deployment, signal)
  const references = new Map(sourceReferences(source).map((one) => [pathKey(one.path), one]))
  return secretsIn(toSourceForm(config)).flatMap(({ path, value }) => {
    const reference = references.get(pathKey(path))
    // What a variable or file gives was taken from there.
    if (reference?.kind === 'env' || reference?.kind === 'file') return []
    return credentialsIn(pathName(path), value).map((found) => ({ ...found, where: placeOf(path) }))
  })
}

/** The secrets of a configuration under the paths that they have in its file. */
function toSourceForm(config: NonNullable<Deployment['config']>): unknown {
  const { auth, masterKey, slack, servers, checklist } = config
  const tokens = auth.tokens.map(({ values }) => single(values))
  const login = { key: single(auth.login.key) }
  const key = single(masterKey)
  return { auth: { tokens, login }, masterKey: key, slack, mcpServers: servers, checklist }
}

/** A list of one is written as that one. */
function single(values: readonly Secret[] | undefined): unknown {
  return values?.length === 1 ? values[0] : values
}

function secretsIn(value: unknown, path: ConfigPath = []): { path: ConfigPath; value: string }[] {
  if (value instanceof Secret) return [{ path, value: value.reveal() }]
  if (typeof value !== 'object' || value === null || path.length > 12) return []
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item: unknown, at) => [at, item])
    : Object.entries(value)
  return entries.flatMap(([key, inner]) => secretsIn(inner, [...path, key]))
}

function pathKey(path: ConfigPath): string {
  return path.filter((part) => part !== 'value').join('.')
}

/** A variable that two files give alike is one credential; the places are kept apart where values differ. */
function distinct(all: readonly KnownCredential[]): KnownCredential[] {
  const seen = new Set<string>()
  return all.filter(({ value, where }) => {
    const key = JSON.stringify([value, where])
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
