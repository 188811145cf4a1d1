import type { KeyCreate, KeyItem } from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import { adoptKey, createKey } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import type { KeyRecord, KeyStore } from '@sallyport/kit/store'
import type { FastifyInstance } from 'fastify'
import { addRoutes } from './add-routes.ts'
import { toInstant } from './instant.ts'

export interface KeyDeps {
  readonly keys: Pick<KeyStore, 'create' | 'list' | 'revoke'>
  /** Resolves once the door knows of the change. */
  readonly onKeysChanged: () => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

/** Everything under `/api/v1/keys`. */
export function addKeyRoutes(app: FastifyInstance, deps: KeyDeps): void {
  const { keys, clock, log } = deps
  addRoutes(app, {
    'keys.list': async () => ({ items: (await keys.list()).map(toKeyItem) }),
    'keys.create': async ({ body, by }) => {
      const { name, role } = body
      const { text, record } = makeKey(body, clock)
      await keys.create(record)
      await deps.onKeysChanged()
      const { principal, requestId } = by
      log.info({ keyId: record.id, name, role, principal: principal.id, requestId }, 'key created')
      return { id: record.id, name, key: text.reveal() }
    },
    'keys.revoke': async ({ params: { idOrName }, by }) => {
      const isFound = await keys.revoke(idOrName, clock.nowMs())
      if (!isFound) throw new AppError('not_found', 'no key of that id or name is in force')
      await deps.onKeysChanged()
      const { principal, requestId } = by
      log.info({ revoked: idOrName, principal: principal.id, requestId }, 'key revoked')
    },
  })
}

/**
 * Makes the key that was asked for, or takes over the one that was given.
 *
 * @throws {AppError} `config_invalid` when the given one is none of ours
 */
export function makeKey(
  { name, role, tenant, expiresInMs, key }: KeyCreate,
  clock: Clock,
): { text: Secret; record: KeyRecord } {
  const expiresAtMs = expiresInMs === null ? null : clock.nowMs() + expiresInMs
  const wanted = { name, role, tenant, expiresAtMs, clock }
  return key === undefined ? createKey(wanted) : adoptKey(new Secret(key), wanted)
}

/** A key as shown; its hash stays inside. */
export function toKeyItem(key: KeyRecord): KeyItem {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    tenant: key.tenant,
    createdAt: toInstant(key.createdAtMs),
    expiresAt: toInstant(key.expiresAtMs),
    lastUsedAt: toInstant(key.lastUsedAtMs),
    revokedAt: toInstant(key.revokedAtMs),
  }
}
