import {
  keyCreate,
  type KeyCreate,
  type KeyCreated,
  type KeyItem,
  type KeyList,
} from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import { adoptKey, createKey } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import type { KeyRecord, KeyStore } from '@sallyport/kit/store'
import type { FastifyInstance } from 'fastify'
import { visitOf } from './entrance.ts'
import { toInstant } from './instant.ts'
import { parseRequest } from './request-error.ts'
import { withDeadline } from './request-signal.ts'

const STORE_DEADLINE_MS = 10_000

export interface KeyDeps {
  readonly keys: Pick<KeyStore, 'create' | 'list' | 'revoke'>
  /** Resolves once the door knows of the change. */
  readonly onKeysChanged: () => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

/** `GET`, `POST /api/v1/keys` and `DELETE /api/v1/keys/:idOrName`. */
export function addKeyRoutes(app: FastifyInstance, deps: KeyDeps): void {
  app.get('/api/v1/keys', async (_request, reply): Promise<KeyList> => {
    const keys = await withDeadline(reply.raw, STORE_DEADLINE_MS, () => deps.keys.list())
    return { items: keys.map(toKeyItem) }
  })

  app.post('/api/v1/keys', async (request, reply): Promise<KeyCreated> => {
    const wanted = parseRequest(keyCreate, request.body, 'the body')
    const { name, role } = wanted
    const { text, record } = makeKey(wanted, deps.clock)
    await withDeadline(reply.raw, STORE_DEADLINE_MS, async () => {
      await deps.keys.create(record)
      await deps.onKeysChanged()
    })
    const by = visitOf(request.raw)
    deps.log.info(
      { keyId: record.id, name, role, principal: by.principal?.id, requestId: by.requestId },
      'key created',
    )
    void reply.code(201)
    return { id: record.id, name, key: text.reveal() }
  })

  app.delete('/api/v1/keys/:idOrName', async (request, reply): Promise<void> => {
    const { idOrName } = request.params as { idOrName: string } // named in the route
    const revoked = await withDeadline(reply.raw, STORE_DEADLINE_MS, async () => {
      const found = await deps.keys.revoke(idOrName, deps.clock.nowMs())
      if (found) await deps.onKeysChanged()
      return found
    })
    if (!revoked) throw new AppError('not_found', 'no key of that id or name is in force')
    const by = visitOf(request.raw)
    deps.log.info(
      { revoked: idOrName, principal: by.principal?.id, requestId: by.requestId },
      'key revoked',
    )
    void reply.code(204)
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
