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
  const created = await administration.createKey(input)
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
  const checked = keyCreate.safeParse(input)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new AppError('usage', `the ${wordFor(issue?.path[0])} ${issue?.message ?? 'is not valid'}`)
}

function wordFor(field: PropertyKey | undefined): string {
  return field === 'expiresInMs' ? 'life of the key' : String(field)
}

function toLifeMs(text: string): number {
  const lifeMs = parseDuration(text)
  if (lifeMs !== undefined) return lifeMs
  throw new AppError('usage', '--expires takes a duration such as 12h or 30d')
}

/** `keys list`: every key without its secret. */
export async function listKeys(context: Context, options: ConfigOptions & Output): Promise<number> {
  await using administration = await openAdministration(context, options)
  const list = await administration.listKeys()
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
  await administration.revokeKey(nameOrId)
  context.terminal.print(
    options.json ? JSON.stringify({ revoked: nameOrId }) : `revoked ${printable(nameOrId, 64)}`,
  )
  return EXIT.ok
}
