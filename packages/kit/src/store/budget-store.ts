import type { Kysely, Transaction } from 'kysely'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'

/** How much somebody else lets us do. */
export interface BudgetRule {
  /** Time that one more costs, milliseconds. */
  readonly intervalMs: number
  /** How many may go at once, from 1. */
  readonly burst: number
}

/** What of a budget is ours now. */
export interface BudgetShare {
  /** How many we may do, from 0 to what was asked for. */
  readonly taken: number
  /** When asking again makes sense, milliseconds from now; 0 when some were taken. */
  readonly waitMs: number
}

/** Limits of somebody else, kept by all processes together. */
export interface BudgetStore {
  /**
   * Takes up to `wanted` of the budget of a scope.
   *
   * Source: ITU-T I.371, generic cell rate algorithm (virtual scheduling).
   *
   * @param nowMs wall clock
   * @throws {AppError} `request_invalid` for a scope over 1,000 characters, `store_unwritable`
   */
  take(
    scope: string,
    rule: BudgetRule,
    ask: { readonly nowMs: number; readonly wanted: number },
  ): Promise<BudgetShare>
  /** Nothing of that scope until then; an earlier, longer block stays. */
  block(scope: string, untilMs: number): Promise<void>
  /** Gives back what was taken and not used, as far as the budget was not full since. */
  giveBack(scope: string, rule: BudgetRule, count: number): Promise<void>
  /** Forgets what limits nothing any more. Resolves with how many there were. */
  prune(nowMs: number): Promise<number>
}

/** Budgets, in the table of that name. */
export class SqlBudgetStore implements BudgetStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async take(
    scope: string,
    { intervalMs, burst }: BudgetRule,
    { nowMs, wanted }: { readonly nowMs: number; readonly wanted: number },
  ): Promise<BudgetShare> {
    assertShort('the scope of the budget', scope, TEXT_CHARS_MAX)
    return await guardStore('the budget cannot be taken', () =>
      this.#db.transaction().execute(async (db) => {
        const { arrivalAtMs, blockedUntilMs } = await lock(db, scope, nowMs)
        if (blockedUntilMs > nowMs) return { taken: 0, waitMs: blockedUntilMs - nowMs }
        const startMs = Math.max(arrivalAtMs, nowMs)
        const roomMs = burst * intervalMs - (startMs - nowMs)
        const taken = Math.max(0, Math.min(wanted, Math.floor(roomMs / intervalMs)))
        if (taken === 0) return { taken, waitMs: Math.max(1, Math.ceil(intervalMs - roomMs)) }
        const arrival_at = Math.round(startMs + taken * intervalMs)
        await db.updateTable('budgets').set({ arrival_at }).where('scope', '=', scope).execute()
        return { taken, waitMs: 0 }
      }),
    )
  }

  async block(scope: string, untilMs: number): Promise<void> {
    assertShort('the scope of the budget', scope, TEXT_CHARS_MAX)
    await guardStore('the budget cannot be blocked', () =>
      this.#db
        .insertInto('budgets')
        .values({ scope, arrival_at: 0, blocked_until: untilMs })
        .onConflict((conflict) =>
          conflict
            .column('scope')
            .doUpdateSet({ blocked_until: untilMs })
            .where('budgets.blocked_until', '<', untilMs),
        )
        .execute(),
    )
  }

  async giveBack(scope: string, { intervalMs }: BudgetRule, count: number): Promise<void> {
    const backMs = Math.round(count * intervalMs)
    await guardStore('the budget cannot be given back', () =>
      this.#db
        .updateTable('budgets')
        .set((eb) => ({ arrival_at: eb('arrival_at', '-', backMs) }))
        .where('scope', '=', scope)
        .execute(),
    )
  }

  async prune(nowMs: number): Promise<number> {
    const { numDeletedRows } = await guardStore('old budgets cannot be removed', () =>
      this.#db
        .deleteFrom('budgets')
        .where('arrival_at', '<=', nowMs)
        .where('blocked_until', '<=', nowMs)
        .executeTakeFirst(),
    )
    return Number(numDeletedRows)
  }
}

/** The row of the scope, made where there is none; whoever comes second waits for the first. */
async function lock(
  db: Transaction<Tables>,
  scope: string,
  nowMs: number,
): Promise<{ readonly arrivalAtMs: number; readonly blockedUntilMs: number }> {
  const row = await db
    .insertInto('budgets')
    .values({ scope, arrival_at: nowMs, blocked_until: 0 })
    .onConflict((conflict) =>
      conflict.column('scope').doUpdateSet((eb) => ({ scope: eb.ref('excluded.scope') })),
    )
    .returning(['arrival_at', 'blocked_until'])
    .executeTakeFirstOrThrow()
  return { arrivalAtMs: row.arrival_at, blockedUntilMs: row.blocked_until }
}
