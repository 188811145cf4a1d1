import type { Kysely, Selectable } from 'kysely'
import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { guardStore, isUniqueViolation } from './store-failure.ts'
import type { KeyRecord, KeyStore } from './store.ts'
import type { Tables } from './tables.ts'

const TOUCH_EVERY_MS = 60_000

/** API keys. Disposing writes the last uses that are still in memory; the connection is the caller's. */
export class SqlKeyStore implements KeyStore, AsyncDisposable {
  readonly #db: Kysely<Tables>
  readonly #log: Log
  /** By key id; bounded by the number of keys, since only accepted keys are touched. */
  readonly #uses = new Map<string, { writtenMs: number; latestMs: number }>()

  constructor(db: Kysely<Tables>, log: Log) {
    this.#db = db
    this.#log = log
  }

  async create(key: KeyRecord): Promise<void> {
    try {
      await this.#db
        .insertInto('keys')
        .values({
          id: key.id,
          name: key.name,
          hash: key.hash,
          role: key.role,
          tenant: key.tenant,
          created_at: key.createdAtMs,
          expires_at: key.expiresAtMs,
          last_used_at: key.lastUsedAtMs,
          revoked_at: key.revokedAtMs,
        })
        .execute()
    } catch (thrown) {
      if (isUniqueViolation(thrown)) throw nameTaken(key.name, thrown)
      throw AppError.from(thrown, 'store_unwritable')
    }
  }

  async list(): Promise<readonly KeyRecord[]> {
    const rows = await guardStore('keys cannot be read', () =>
      this.#db.selectFrom('keys').selectAll().orderBy('created_at').orderBy('id').execute(),
    )
    return rows.map(toKeyRecord)
  }

  async revoke(idOrName: string, atMs: number): Promise<boolean> {
    const result = await guardStore('the key cannot be revoked', () =>
      this.#db
        .updateTable('keys')
        .set({ revoked_at: atMs })
        .where('revoked_at', 'is', null)
        .where((where) => where.or([where('id', '=', idOrName), where('name', '=', idOrName)]))
        .executeTakeFirst(),
    )
    return result.numUpdatedRows > 0n
  }

  async touch(id: string, atMs: number): Promise<void> {
    const use = this.#uses.get(id) ?? { writtenMs: -Infinity, latestMs: -Infinity }
    this.#uses.set(id, use)
    use.latestMs = Math.max(use.latestMs, atMs)
    if (use.latestMs - use.writtenMs < TOUCH_EVERY_MS) return
    const before = use.writtenMs
    use.writtenMs = use.latestMs
    try {
      await this.#write(id, use.latestMs)
    } catch (thrown) {
      use.writtenMs = before
      throw thrown
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const unwritten = [...this.#uses].filter(([, use]) => use.latestMs > use.writtenMs)
    this.#uses.clear()
    try {
      for (const [id, use] of unwritten) await this.#write(id, use.latestMs)
    } catch (err) {
      // No reason to fail a stop: whoever stops because the store is away knows that it is.
      this.#log.warn({ err }, 'last uses of keys could not be kept')
    }
  }

  async #write(id: string, atMs: number): Promise<void> {
    await guardStore('the last use of a key cannot be written', () =>
      this.#db
        .updateTable('keys')
        .set({ last_used_at: atMs })
        .where('id', '=', id)
        // Another gateway on the same store may have seen a later use.
        .where((where) =>
          where.or([where('last_used_at', 'is', null), where('last_used_at', '<', atMs)]),
        )
        .execute(),
    )
  }
}

function nameTaken(name: string, cause: unknown): AppError {
  return new AppError(
    'config_invalid',
    `a key named ${JSON.stringify(name)} exists; revoke it first or choose another name`,
    { cause },
  )
}

function toKeyRecord(row: Selectable<Tables['keys']>): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    hash: Buffer.from(row.hash),
    role: row.role,
    tenant: row.tenant,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    lastUsedAtMs: row.last_used_at,
    revokedAtMs: row.revoked_at,
  }
}
