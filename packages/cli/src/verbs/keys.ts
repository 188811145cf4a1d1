import { keyCreate, type KeyCreateInput, type KeyItem } from '@sallyport/contract/admin'
import { parseDuration } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { Secret } from '@sallyport/kit/secret'
import { readGivenKey, type CredentialOptions } from '../client/credential.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import type { ConfigOptions } from '../configuration.ts'
import { openAdministration } from '../local.ts'
import { formatTable } from '../table.ts'
import { checkGiven, given, listOfOption, sightInWords } from './given.ts'

interface Output {
  readonly json?: boolean
}

interface CreateOptions extends ConfigOptions, Output, CredentialOptions {
  readonly role: string
  readonly tenant?: string
  readonly servers?: string
  readonly tools?: string
  readonly readOnly?: boolean
  readonly allowFrom?: string
  readonly expires?: string
}

/** `keys create`: prints the new key, once. */
export async function createKey(
  context: Context,
  name: string,
  options: CreateOptions,
): Promise<number> {
  const text = await readGivenKey(context, options)
  const input = toInput(name, text, options)
  await using administration = await openAdministration(context, options)
  const created = await administration.identity.createKey(input)
  if (options.json) context.terminal.print(JSON.stringify(created))
  else {
    context.terminal.print(created.key)
    context.terminal.note('Keep it now: only its hash is stored, so it is not shown again.')
  }
  return EXIT.ok
}

function toInput(name: string, text: Secret | undefined, options: CreateOptions): KeyCreateInput {
  const { role, tenant, servers, tools, readOnly, allowFrom, expires } = options
  const allow = listOfOption(tools)
  const input = given({
    ...{ name, role, tenant, readOnly },
    servers: listOfOption(servers),
    tools: allow && { allow },
    allowFrom: listOfOption(allowFrom),
    expiresInMs: expires === undefined ? undefined : toLifeMs(expires),
    key: text?.reveal(),
  })
  return checkGiven(keyCreate, input, WORDS)
}

const WORDS: Readonly<Record<string, string>> = {
  name: 'the name',
  role: '--role',
  tenant: '--tenant',
  servers: '--servers',
  tools: '--tools',
  allowFrom: '--allow-from',
  key: 'the key that is taken over',
}

const LIFE_MS_MIN = 1_000
const LIFE_MS_MAX = 3_650 * 86_400_000

function toLifeMs(text: string): number {
  const lifeMs = parseDuration(text)
  if (lifeMs !== undefined && lifeMs >= LIFE_MS_MIN && lifeMs <= LIFE_MS_MAX) return lifeMs
  const shown = lifeMs === undefined ? 'something else' : printable(text, 20)
  throw new AppError(
    'usage',
    `--expires takes a duration such as 12h or 30d, from 1s to 3650d, got ${shown}`,
  )
}

const OVERLAP_MS_MAX = 30 * 86_400_000

/** `keys rotate`: prints the new secret of a key, once. */
export async function rotateKey(
  context: Context,
  nameOrId: string,
  options: ConfigOptions & Output & { readonly overlap: string },
): Promise<number> {
  const overlapMs = toOverlapMs(options.overlap)
  await using administration = await openAdministration(context, options)
  const turned = await administration.identity.rotateKey(nameOrId, overlapMs)
  if (options.json) context.terminal.print(JSON.stringify(turned))
  else {
    context.terminal.print(turned.key)
    const end = overlapMs === 0 ? 'has ended' : `is good for another ${options.overlap}`
    context.terminal.note(`Keep it now: it is not shown again. The old one ${end}.`)
  }
  return EXIT.ok
}

function toOverlapMs(text: string): number {
  const overlapMs = text === '0' ? 0 : parseDuration(text)
  if (overlapMs !== undefined && overlapMs >= 0 && overlapMs <= OVERLAP_MS_MAX) return overlapMs
  throw new AppError('usage', '--overlap takes a duration such as 24h, from 0s to 30d')
}

/** `keys list`: every key without its secret. */
export async function listKeys(context: Context, options: ConfigOptions & Output): Promise<number> {
  await using administration = await openAdministration(context, options)
  const list = await administration.identity.listKeys()
  context.terminal.print(options.json ? JSON.stringify(list) : formatKeys(list.items))
  return EXIT.ok
}

function formatKeys(keys: readonly KeyItem[]): string {
  return formatTable(
    ['id', 'name', 'role', 'tenant', 'sees', 'created', 'expires', 'last used', 'revoked'],
    keys.map((key) => [
      key.id,
      printable(key.name, 64),
      key.role,
      key.tenant ?? '-',
      printable(sightInWords(key), 80),
      key.createdAt,
      key.expiresAt ?? 'never',
      key.lastUsedAt ?? 'never',
      key.revokedAt ?? '-',
    ]),
  )
}

/** `keys revoke`: ends a key; 1 when there is none of that name or id. */
export async function revokeKey(
  context: Context,
  nameOrId: string,
  options: ConfigOptions & Output,
): Promise<number> {
  await using administration = await openAdministration(context, options)
  await administration.identity.revokeKey(nameOrId)
  context.terminal.print(
    options.json ? JSON.stringify({ revoked: nameOrId }) : `revoked ${printable(nameOrId, 64)}`,
  )
  return EXIT.ok
}
