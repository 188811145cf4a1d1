import type { Insertable, Selectable } from 'kysely'
import type { SightSelection } from '../principal.ts'
import type { KeyRecord } from './key-record.ts'
import type { Tables } from './tables.ts'

/** A key as its row. */
export function toKeyRow(key: KeyRecord): Insertable<Tables['keys']> {
  return {
    id: key.id,
    name: key.name,
    hash: key.hash,
    role: key.role,
    tenant: key.tenant,
    servers: toText(key.servers),
    tools: toText(key.tools),
    read_only: key.readOnly ? 1 : 0,
    allow_from: toText(key.allowFrom),
    previous_hash: key.previousHash,
    previous_until: key.previousUntilMs,
    rotated_at: key.rotatedAtMs,
    created_at: key.createdAtMs,
    expires_at: key.expiresAtMs,
    last_used_at: key.lastUsedAtMs,
    revoked_at: key.revokedAtMs,
    version: key.version,
  }
}

/** A row as its key. A restriction that cannot be read lets nothing through. */
export function toKeyRecord(row: Selectable<Tables['keys']>): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    hash: Buffer.from(row.hash),
    role: row.role,
    tenant: row.tenant,
    servers: toList(row.servers),
    tools: toSelection(row.tools),
    readOnly: row.read_only !== 0,
    allowFrom: toList(row.allow_from),
    previousHash: row.previous_hash === null ? null : Buffer.from(row.previous_hash),
    previousUntilMs: row.previous_until,
    rotatedAtMs: row.rotated_at,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    lastUsedAtMs: row.last_used_at,
    revokedAtMs: row.revoked_at,
    version: row.version,
  }
}

function toText(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value)
}

function toList(text: string | null): readonly string[] | null {
  return text === null ? null : texts(parse(text))
}

function toSelection(text: string | null): SightSelection | null {
  if (text === null) return null
  const value = parse(text)
  if (typeof value !== 'object' || value === null) return { allow: [] }
  const { allow, deny }: { allow?: unknown; deny?: unknown } = value
  return {
    ...(allow !== undefined && { allow: texts(allow) }),
    ...(deny !== undefined && { deny: texts(deny) }),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // as if nothing were allowed
  }
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
