import type { Kysely } from 'kysely'
import { guardStore } from './store-failure.ts'
import type { UsageRecord, UsageStore } from './store.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'
import type { Tables } from './tables.ts'

/** Rows of one statement. */
const ROWS_MAX = 500

/** Calls counted per day, by any number of gateways on one store. */
export class SqlUsageStore implements UsageStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async read(day: string): Promise<readonly UsageRecord[]> {
    return await guardStore('usage cannot be read', () =>
      this.#db.selectFrom('usage').selectAll().where('day', '=', day).orderBy('scope').execute(),
    )
  }

  async add(records: readonly UsageRecord[], keepFrom: string): Promise<readonly UsageRecord[]> {
    const rows = summed(records)
    return await guardStore('usage cannot be written', () =>
      // Nothing but this connection may be waited for inside: the audit log shares the thread.
      this.#db.transaction().execute(async (db) => {
        const sums: UsageRecord[] = []
        for (let at = 0; at < rows.length; at += ROWS_MAX) {
          const page = await db
            .insertInto('usage')
            .values(rows.slice(at, at + ROWS_MAX))
            .onConflict((conflict) =>
              conflict.columns(['day', 'scope']).doUpdateSet((set) => ({
                calls: set('usage.calls', '+', set.ref('excluded.calls')),
              })),
            )
            .returningAll()
            .execute()
          sums.push(...page)
        }
        await db.deleteFrom('usage').where('day', '<', keepFrom).execute()
        return sums
      }),
    )
  }
}

/** One row for each day and scope, in one order, so that two gateways cannot wait for each other's rows. */
function summed(records: readonly UsageRecord[]): UsageRecord[] {
  const sums = new Map<string, UsageRecord>()
  for (const { day, scope, calls } of records) {
    assertShort('the scope', scope, TEXT_CHARS_MAX)
    const key = `${day} ${scope}`
    sums.set(key, { day, scope, calls: calls + (sums.get(key)?.calls ?? 0) })
  }
  return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record)
}
