import type { Kysely } from 'kysely'
import { changing } from './changes.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort, REASON_CHARS_MAX, TEXT_CHARS_MAX } from './text-limits.ts'

export type SuspensionKind = 'principal' | 'session'

/** Whom an operator keeps out; kept over restarts. */
export interface SuspensionRecord {
  readonly kind: SuspensionKind
  /** Principal id, or what a list of sessions calls the session. */
  readonly subject: string
  /** In the operator's words, at most 1,000 characters; may be empty. */
  readonly reason: string
  /** Principal id of who decided. */
  readonly by: string
  readonly atMs: number
}

export interface SuspensionStore {
  /** Oldest first. */
  list(): Promise<readonly SuspensionRecord[]>
  /**
   * Suspends, in place of an earlier suspension of the same.
   *
   * @throws {AppError} `request_invalid` for a text that is too long; `store_unwritable`
   */
  set(record: SuspensionRecord): Promise<void>
  /** False when it was not suspended. */
  clear(kind: SuspensionKind, subject: string): Promise<boolean>
}

/** The suspensions of the store. */
export class SqlSuspensionStore implements SuspensionStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async list(): Promise<readonly SuspensionRecord[]> {
    const rows = await guardStore('suspensions cannot be read', () =>
      this.#db.selectFrom('suspensions').selectAll().orderBy('at').orderBy('subject').execute(),
    )
    return rows.map((row) => ({
      kind: row.kind === 'session' ? 'session' : 'principal',
      subject: row.subject,
      reason: row.reason,
      by: row.decided_by,
      atMs: row.at,
    }))
  }

  async set({ kind, subject, reason, by, atMs }: SuspensionRecord): Promise<void> {
    assertShort('what is suspended', subject, TEXT_CHARS_MAX)
    assertShort('the reason', reason, REASON_CHARS_MAX)
    assertShort('the principal', by, TEXT_CHARS_MAX)
    const values = { reason, decided_by: by, at: atMs }
    await guardStore('the suspension cannot be written', () =>
      changing(this.#db, 'suspensions', (db) =>
        db
          .insertInto('suspensions')
          .values({ kind, subject, ...values })
          .onConflict((conflict) => conflict.columns(['kind', 'subject']).doUpdateSet(values))
          .execute(),
      ),
    )
  }

  async clear(kind: SuspensionKind, subject: string): Promise<boolean> {
    const { numDeletedRows } = await guardStore('the suspension cannot be removed', () =>
      changing(this.#db, 'suspensions', (db) =>
        db
          .deleteFrom('suspensions')
          .where('kind', '=', kind)
          .where('subject', '=', subject)
          .executeTakeFirst(),
      ),
    )
    return numDeletedRows > 0n
  }
}
