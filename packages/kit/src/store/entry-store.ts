import type { Kysely, Selectable, Transaction } from 'kysely'
import { AppError } from '../errors.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'

/** What can be added to a configuration while it is in force. */
export const ENTRY_KINDS = ['server', 'group', 'endpoint'] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

/** A server, group or endpoint that was added over the admin API. */
export interface EntryRecord {
  readonly kind: EntryKind
  readonly name: string
  /** What it says, sealed; at most 256 KiB. */
  readonly body: Buffer
  /** Principal id of who changed it last. */
  readonly by: string
  readonly createdAtMs: number
  readonly changedAtMs: number
  /** Of all versions of all entries no two are the same, also of what was removed and added again. */
  readonly version: number
}

/** Every entry, and how far the changes had got when they were read. */
export interface EntryReading {
  /** Counts up with every change; 0 before the first. */
  readonly version: number
  /** By kind and name. */
  readonly entries: readonly EntryRecord[]
}

/** What was added over the admin API. Who changes it says which state that is based on. */
export interface EntryStore {
  /** How far the changes have got: one row is read. */
  version(): Promise<number>
  read(): Promise<EntryReading>
  /**
   * Adds an entry or takes the place of the one of its name.
   *
   * @param seen version of the reading it is based on
   * @returns the new version, also the entry's; undefined where somebody changed something since
   * @throws {AppError} `request_invalid` for a body over 256 KiB, `store_unwritable`
   */
  put(entry: Omit<EntryRecord, 'version'>, seen: number): Promise<number | undefined>
  /** As `put`; removes what may not be there. */
  remove(entry: Pick<EntryRecord, 'kind' | 'name'>, seen: number): Promise<number | undefined>
}

const TOPIC = 'entries'
/** A body of a request is at most 64 KiB; sealed text grows by a third. */
const BODY_BYTES_MAX = 256 * 1_024

/** Servers, groups and endpoints that were added over the admin API. */
export class SqlEntryStore implements EntryStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async version(): Promise<number> {
    const row = await guardStore('changes cannot be read', () =>
      this.#db
        .selectFrom('changes')
        .select('version')
        .where('topic', '=', TOPIC)
        .executeTakeFirst(),
    )
    return row?.version ?? 0
  }

  async read(): Promise<EntryReading> {
    // The counter first: what changes in between is only read once more.
    const version = await this.version()
    const rows = await guardStore('entries cannot be read', () =>
      this.#db.selectFrom('entries').selectAll().orderBy('kind').orderBy('name').execute(),
    )
    return { version, entries: rows.flatMap(toRecord) }
  }

  put(entry: Omit<EntryRecord, 'version'>, seen: number): Promise<number | undefined> {
    const { kind, name, body, by, createdAtMs, changedAtMs } = entry
    if (body.length > BODY_BYTES_MAX) {
      return Promise.reject(new AppError('request_invalid', 'the entry is longer than 256 KiB'))
    }
    assertShort('the name', name, TEXT_CHARS_MAX)
    assertShort('the principal', by, TEXT_CHARS_MAX)
    return this.#change(seen, async (db, version) => {
      const values = { body, changed_by: by, changed_at: changedAtMs, version }
      await db
        .insertInto('entries')
        .values({ kind, name, created_at: createdAtMs, ...values })
        .onConflict((conflict) => conflict.columns(['kind', 'name']).doUpdateSet(values))
        .execute()
    })
  }

  remove(
    { kind, name }: Pick<EntryRecord, 'kind' | 'name'>,
    seen: number,
  ): Promise<number | undefined> {
    return this.#change(seen, async (db) => {
      await db.deleteFrom('entries').where('kind', '=', kind).where('name', '=', name).execute()
    })
  }

  /** The counter goes first: who is not the first to count is not let in. */
  #change(
    seen: number,
    change: (db: Transaction<Tables>, version: number) => Promise<void>,
  ): Promise<number | undefined> {
    return guardStore('the entry cannot be written', () =>
      // Nothing but this connection may be waited for inside: the audit log shares the thread.
      this.#db.transaction().execute(async (db) => {
        await db
          .insertInto('changes')
          .values({ topic: TOPIC, version: 0 })
          .onConflict((conflict) => conflict.column('topic').doNothing())
          .execute()
        const { numUpdatedRows } = await db
          .updateTable('changes')
          .set({ version: seen + 1 })
          .where('topic', '=', TOPIC)
          .where('version', '=', seen)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return undefined
        await change(db, seen + 1)
        return seen + 1
      }),
    )
  }
}

/** An entry of a kind that only a later version knows is left alone. */
function toRecord(row: Selectable<Tables['entries']>): EntryRecord[] {
  const kind = ENTRY_KINDS.find((one) => one === row.kind)
  if (kind === undefined) return []
  const { name, changed_by: by, version } = row
  const times = { createdAtMs: row.created_at, changedAtMs: row.changed_at }
  return [{ kind, name, body: Buffer.from(row.body), by, version, ...times }]
}
