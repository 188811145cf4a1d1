import type { Kysely } from 'kysely'
import { guardStore } from './store-failure.ts'
import type { MarkRecord, MarkStore } from './store.ts'
import { assertShort, REASON_CHARS_MAX, TEXT_CHARS_MAX } from './text-limits.ts'
import type { Tables } from './tables.ts'

/** What operators decided about servers, and about the whole gateway. */
export class SqlMarkStore implements MarkStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async list(): Promise<readonly MarkRecord[]> {
    const rows = await guardStore('marks cannot be read', () =>
      this.#db.selectFrom('marks').selectAll().orderBy('server').orderBy('kind').execute(),
    )
    return rows.map((row) => ({
      server: row.server,
      // An unknown kind, written by a later version, keeps calls away as well.
      kind: row.kind === 'draining' ? 'draining' : 'blocked',
      reason: row.reason,
      by: row.decided_by,
      atMs: row.at,
    }))
  }

  async set({ server, kind, reason, by, atMs }: MarkRecord): Promise<void> {
    assertShort('the name of the server', server, TEXT_CHARS_MAX)
    assertShort('the reason', reason, REASON_CHARS_MAX)
    assertShort('the principal', by, TEXT_CHARS_MAX)
    const values = { reason, decided_by: by, at: atMs }
    await guardStore('the mark cannot be written', () =>
      this.#db
        .insertInto('marks')
        .values({ server, kind, ...values })
        .onConflict((conflict) => conflict.columns(['server', 'kind']).doUpdateSet(values))
        .execute(),
    )
  }

  async clear(server: string, kind: MarkRecord['kind']): Promise<boolean> {
    const { numDeletedRows } = await guardStore('the mark cannot be removed', () =>
      this.#db
        .deleteFrom('marks')
        .where('server', '=', server)
        .where('kind', '=', kind)
        .executeTakeFirst(),
    )
    return numDeletedRows > 0n
  }
}
