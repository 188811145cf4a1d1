import type { KeyItem } from '@sallyport/contract/admin'
import type { Log } from '@sallyport/kit/log'
import type { KeyRecord } from '@sallyport/kit/store'
import type { FastifyInstance } from 'fastify'
import type { KeyService } from '../identity/key-service.ts'
import type { Operator } from '../operations.ts'
import { addRoutes, Versioned } from './add-routes.ts'
import { toInstant } from './instant.ts'

export interface KeyDeps {
  readonly keys: KeyService
  readonly log: Log
}

/** Everything under `/api/v1/keys`. */
export function addKeyRoutes(app: FastifyInstance, { keys, log }: KeyDeps): void {
  const note = (key: KeyRecord, { principal, requestId }: Operator, message: string): void => {
    const { id: keyId, name, role, tenant } = key
    log.info({ keyId, name, role, tenant, principal: principal.id, requestId }, message)
  }
  addRoutes(app, {
    'keys.list': async ({ query, caller }) => {
      const { items, next } = await keys.page(query, caller)
      return { items: items.map(toKeyItem), ...(next !== undefined && { next }) }
    },
    'keys.show': async ({ params, caller }) => versioned(await keys.find(params.idOrName, caller)),
    'keys.create': async ({ body, caller, by }) => {
      const { record, text } = await keys.create(body, caller)
      note(record, by, 'key created')
      return { id: record.id, name: record.name, key: text.reveal() }
    },
    'keys.change': async ({ params, body, caller, by, version }) => {
      const changed = await keys.change(params.idOrName, body, { caller, version })
      note(changed, by, 'key changed')
      return versioned(changed)
    },
    'keys.rotate': async ({ params, body, caller, by }) => {
      const { record, text } = await keys.rotate(params.idOrName, body, caller)
      note(record, by, 'key rotated')
      return { id: record.id, name: record.name, key: text.reveal() }
    },
    'keys.revoke': async ({ params, caller, by }) => {
      note(await keys.revoke(params.idOrName, caller), by, 'key revoked')
    },
  })
}

/** A key as shown; its hash stays inside. */
export function toKeyItem(key: KeyRecord): KeyItem {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    tenant: key.tenant,
    servers: key.servers && [...key.servers],
    tools: key.tools && toSelection(key.tools),
    readOnly: key.readOnly,
    allowFrom: key.allowFrom && [...key.allowFrom],
    createdAt: toInstant(key.createdAtMs),
    expiresAt: toInstant(key.expiresAtMs),
    lastUsedAt: toInstant(key.lastUsedAtMs),
    revokedAt: toInstant(key.revokedAtMs),
    previousUntil: toInstant(key.previousUntilMs),
    rotatedAt: toInstant(key.rotatedAtMs),
    version: key.version,
  }
}

function versioned(key: KeyRecord): Versioned<KeyItem> {
  return new Versioned(key.version, toKeyItem(key))
}

function toSelection({ allow, deny }: NonNullable<KeyRecord['tools']>): KeyItem['tools'] {
  return { ...(allow && { allow: [...allow] }), ...(deny && { deny: [...deny] }) }
}
