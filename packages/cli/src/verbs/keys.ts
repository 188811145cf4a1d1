import { checkInput, keyCreate, type KeyCreateInput, type KeyItem } from '@sallyport/contract/admin'
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

interface Output {
  readonly json?: boolean
}

interface CreateOptions extends ConfigOptions, Output, CredentialOptions {
  readonly role: string
  readonly tenant?: string
  readonly expires?: string
}

/** `keys create`: prints the new key, once. */
export async function createKey(
  context: Context,
  name: string,
  options: CreateOptions,
): Promise<number> {
  const given = await readGivenKey(context, options)
  const input = toInput(name, given, options)
  await using administration = await openAdministration(context, options)
  const created = await administration.identity.createKey(input)
  if (options.json) context.terminal.print(JSON.stringify(created))
  else {
    context.terminal.print(created.key)
    context.terminal.note('Keep it now: only its hash is stored, so it is not shown again.')
  }
  return EXIT.ok
}

function toInput(name: string, given: Secret | undefined, options: CreateOptions): KeyCreateInput {
  const { role, tenant, expires } = options
  const input = {
    name,
    role,
    ...(tenant !== undefined && { tenant }),
    ...(expires !== undefined && { expiresInMs: toLifeMs(expires) }),
    ...(given !== undefined && { key: given.reveal() }),
  }
  const checked = checkInput(keyCreate, input)
  if (checked.ok) return checked.data
  const [{ key, sentence }] = checked.faults
  throw new AppError('usage', `${WORDS[key] ?? key} ${sentence}`)
}

const WORDS: Readonly<Record<string, string>> = {
  name: 'the name',
  role: '--role',
  tenant: '--tenant',
  key: 'the key that is taken over',
}

const LIFE_MS_MIN = 1_000
const LIFE_MS_MAX = 3_650 * 86_400_000

function toLifeMs(text: string): number {
  const lifeMs = parseDuration(text)
  if (lifeMs !== undefined && lifeMs >= LIFE_MS_MIN && lifeMs <= LIFE_MS_MAX) return lifeMs
  const given = lifeMs === undefined ? 'something else' : printable(text, 20)
  throw new AppError(
    'usage',
    `--expires takes a duration such as 12h or 30d, from 1s to 3650d, got ${given}`,
  )
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
    ['id', 'name', 'role', 'tenant', 'created', 'expires', 'last used', 'revoked'],
    keys.map((key) => [
      key.id,
      printable(key.name, 64),
      key.role,
      key.tenant ?? '-',
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
