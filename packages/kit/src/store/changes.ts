import { type Kysely, sql, type Transaction } from 'kysely'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'

/** What may be changed by another process, or by a command on the store of this one. */
export const CHANGE_TOPICS = [
  'keys',
  'roles',
  'tenants',
  'suspensions',
  'users',
  'logins',
  'entries',
  'vault',
  'subjects',
  'installations',
  'checklist',
] as const

export type ChangeTopic = (typeof CHANGE_TOPICS)[number]

/** Tells what was changed, by whichever process, in a few rows. */
export interface ChangeStore {
  /** How often each topic was changed; one that never was is absent. */
  read(): Promise<ReadonlyMap<string, number>>
}

/** The counters of changes. */
export class SqlChangeStore implements ChangeStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async read(): Promise<ReadonlyMap<string, number>> {
    const rows = await guardStore('what was changed cannot be read', () =>
      this.#db.selectFrom('changes').selectAll().execute(),
    )
    return new Map(rows.map(({ topic, version }) => [topic, Number(version)]))
  }
}

/**
 * Counts a change within its own transaction, so that who sees the count sees the change. The count is the
 * version of what was changed: it never comes twice. From 2, as what an older version wrote has 1.
 */
export async function countChange(
  transaction: Transaction<Tables>,
  topic: ChangeTopic,
): Promise<number> {
  const { version } = await transaction
    .insertInto('changes')
    .values({ topic, version: 2 })
    .onConflict((conflict) =>
      conflict.column('topic').doUpdateSet({ version: sql<number>`changes.version + 1` }),
    )
    .returning('version')
    .executeTakeFirstOrThrow()
  return Number(version)
}

/**
 * Runs a change and its counting as one; both are kept or neither is. What `run` throws comes out as it is.
 */
export async function changing<T>(
  db: Kysely<Tables>,
  topic: ChangeTopic,
  run: (transaction: Transaction<Tables>, version: number) => Promise<T>,
): Promise<T> {
  return await db
    .transaction()
    .execute(async (transaction) => run(transaction, await countChange(transaction, topic)))
}
