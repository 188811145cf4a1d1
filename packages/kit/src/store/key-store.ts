import { type Kysely, sql } from 'kysely'
import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { changing } from './changes.ts'
import { toKeyRecord, toKeyRow } from './key-columns.ts'
import type {
  KeyChanges,
  KeyPage,
  KeyQuery,
  KeyRecord,
  KeyStore,
  KeyTurn,
  VersionedKey,
} from './key-record.ts'
import { assertVersion } from './role-store.ts'
import { guardStore, isUniqueViolation, storeFailure } from './store-failure.ts'
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
      await changing(this.#db, 'keys', (db, version) =>
        db
          .insertInto('keys')
          .values(toKeyRow({ ...key, version }))
          .execute(),
      )
    } catch (thrown) {
      if (isUniqueViolation(thrown)) throw nameTaken('config_invalid', key.name, thrown)
      throw storeFailure(thrown, 'the key cannot be written')
    }
  }

  async list(): Promise<readonly KeyRecord[]> {
    const rows = await guardStore('keys cannot be read', () =>
      this.#db.selectFrom('keys').selectAll().orderBy('created_at').orderBy('id').execute(),
    )
    return rows.map(toKeyRecord)
  }

  async changedSince(version: number): Promise<{ changed: readonly KeyRecord[]; count: number }> {
    return await guardStore('keys cannot be read', async () => {
      const rows = await this.#db
        .selectFrom('keys')
        .selectAll()
        .where('version', '>', version)
        .execute()
      const { count } = await this.#db
        .selectFrom('keys')
        .select((select) => select.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      return { changed: rows.map(toKeyRecord), count: Number(count) }
    })
  }

  async page({ tenant, limit, cursor }: KeyQuery): Promise<KeyPage> {
    const after = cursor === undefined ? undefined : parseCursor(cursor)
    let query = this.#db.selectFrom('keys').selectAll()
    if (tenant !== undefined) query = query.where('tenant', '=', tenant)
    if (after !== undefined) {
      query = query.where((where) =>
        where.or([
          where('created_at', '>', after.atMs),
          where.and([where('created_at', '=', after.atMs), where('id', '>', after.id)]),
        ]),
      )
    }
    const rows = await guardStore('keys cannot be read', () =>
      query
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit + 1)
        .execute(),
    )
    const items = rows.slice(0, limit).map(toKeyRecord)
    const last = items.at(-1)
    return rows.length > limit && last ? { items, next: toCursor(last) } : { items }
  }

  async find(idOrName: string, tenant?: string): Promise<KeyRecord | undefined> {
    const rows = await guardStore('the key cannot be read', () => {
      const named = this.#db
        .selectFrom('keys')
        .selectAll()
        .where((where) =>
          where.or([
            where('id', '=', idOrName),
            where.and([where('name', '=', idOrName), where('revoked_at', 'is', null)]),
          ]),
        )
      return (tenant === undefined ? named : named.where('tenant', '=', tenant)).execute()
    })
    const row = rows.find(({ id }) => id === idOrName) ?? rows[0]
    if (row?.id !== idOrName && rows.length > 1) {
      const sentence = `several tenants have a key named ${JSON.stringify(idOrName)}; give its id`
      throw new AppError('conflict', sentence)
    }
    return row && toKeyRecord(row)
  }

  async revoke(idOrName: string, atMs: number, tenant?: string): Promise<boolean> {
    const key = await this.find(idOrName, tenant)
    if (key === undefined || key.revokedAtMs !== null) return false
    const result = await guardStore('the key cannot be revoked', () =>
      changing(this.#db, 'keys', (db, version) =>
        db
          .updateTable('keys')
          .set({ revoked_at: atMs, version })
          .where('id', '=', key.id)
          .where('revoked_at', 'is', null)
          .executeTakeFirst(),
      ),
    )
    return result.numUpdatedRows > 0n
  }

  async change({ id, version: known }: VersionedKey, changes: KeyChanges): Promise<KeyRecord> {
    try {
      return await changing(this.#db, 'keys', async (db, version) => {
        const row = await db.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirst()
        assertVersion('key', row, known)
        const next = { ...toKeyRecord(row), ...changes, version }
        await db.updateTable('keys').set(toKeyRow(next)).where('id', '=', id).execute()
        return next
      })
    } catch (thrown) {
      if (isUniqueViolation(thrown)) throw nameTaken('conflict', changes.name ?? '', thrown)
      throw storeFailure(thrown, 'the key cannot be changed')
    }
  }

  async rotate(id: string, { hash, previousUntilMs, atMs }: KeyTurn): Promise<KeyRecord> {
    return await guardStore('the key cannot be rotated', () =>
      changing(this.#db, 'keys', async (db, version) => {
        const row = await db
          .updateTable('keys')
          .set({
            hash,
            previous_hash: previousUntilMs === null ? null : sql<Buffer>`hash`,
            previous_until: previousUntilMs,
            rotated_at: atMs,
            version,
          })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw new AppError('not_found', 'no such key is in force')
        return toKeyRecord(row)
      }),
    )
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

function nameTaken(code: 'config_invalid' | 'conflict', name: string, cause: unknown): AppError {
  const sentence = `a key named ${JSON.stringify(name)} exists; revoke it first or choose another name`
  return new AppError(code, sentence, { cause })
}

function toCursor({ createdAtMs, id }: KeyRecord): string {
  return Buffer.from(`${createdAtMs}:${id}`).toString('base64url')
}

/** @throws {AppError} `request_invalid` */
function parseCursor(cursor: string): { readonly atMs: number; readonly id: string } {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, at, id] = /^(\d{1,16}):([a-z0-9]{8})$/.exec(text) ?? []
  if (at !== undefined && id !== undefined) return { atMs: Number(at), id }
  throw new AppError('request_invalid', 'the cursor is none of this list; begin without one')
}
