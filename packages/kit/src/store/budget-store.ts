import type { Kysely } from 'kysely'
import { guardStore } from './store-failure.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'
import type { Tables } from './tables.ts'

/** What somebody else allows in one scope: `burst` at once, and one more every `intervalMs`. */
export interface BudgetLimit {
  /** Milliseconds between two permits in the long run; may be a fraction, over 0. */
  readonly intervalMs: number
  /** From 1. */
  readonly burst: number
}

/** What is asked of a budget. */
export interface BudgetAsk extends BudgetLimit {
  /** Permits wanted, from 1. Fewer are given where fewer are there, but never none without a wait. */
  readonly count: number
  /** Permits taken earlier that nobody used, given back now. */
  readonly returned: number
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number
  /** How long the first permit may lie ahead; beyond it nothing is taken. */
  readonly waitMsMax: number
}

/** What a budget gave. */
export interface BudgetGrant {
  /** Zero: refused. One where it must be waited for. */
  readonly granted: number
  /** From when on the permits count, wall clock; where nothing was granted, when that would have been. */
  readonly startsAtMs: number
}

/** Limits of somebody else that all processes of one store keep together. */
export interface BudgetStore {
  /** @throws {AppError} `store_unwritable` */
  take(scope: string, ask: BudgetAsk): Promise<BudgetGrant>
  /** Nothing is granted for a time before `untilMs`; an earlier end than is known changes nothing. */
  block(scope: string, untilMs: number): Promise<void>
  /** Removes at most `max` rows that say nothing any more; resolves with how many there were. */
  prune(nowMs: number, max: number): Promise<number>
}

/** How a scope stands: when the next permit would be due if they were given evenly, and until when there is none. */
export interface BudgetState {
  readonly arrivalAtMs: number
  readonly blockedUntilMs: number
}

/**
 * Decides what is granted. Pure: the caller stores `arrivalAtMs`.
 *
 * Source: ITU-T I.371, "Generic cell rate algorithm" (virtual scheduling); permits may be reserved ahead.
 */
export function planBudget(
  state: BudgetState,
  ask: BudgetAsk,
): BudgetGrant & { readonly arrivalAtMs: number } {
  const { intervalMs, burst, nowMs } = ask
  const arrivalAtMs = Math.max(nowMs, state.arrivalAtMs - ask.returned * intervalMs)
  const baseMs = Math.max(arrivalAtMs, state.blockedUntilMs)
  const toleranceMs = burst * intervalMs
  const startsAtMs = Math.ceil(
    Math.max(nowMs, state.blockedUntilMs, baseMs + intervalMs - toleranceMs),
  )
  if (startsAtMs - nowMs > ask.waitMsMax) return { granted: 0, startsAtMs, arrivalAtMs }
  const room = Math.floor((toleranceMs - (baseMs - nowMs)) / intervalMs)
  const granted = startsAtMs > nowMs ? 1 : Math.max(1, Math.min(ask.count, room))
  return { granted, startsAtMs, arrivalAtMs: baseMs + granted * intervalMs }
}

/** Budgets in the store; processes that ask at the same time take turns by the row. */
export class SqlBudgetStore implements BudgetStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async take(scope: string, ask: BudgetAsk): Promise<BudgetGrant> {
    assertShort('the scope', scope, TEXT_CHARS_MAX)
    return await guardStore('the budget cannot be taken from', () =>
      this.#db.transaction().execute(async (transaction) => {
        // Locks the row in either engine, also where it has just been made.
        const row = await transaction
          .insertInto('budgets')
          .values({ scope, arrival_at: 0, blocked_until: 0 })
          .onConflict((conflict) =>
            conflict.column('scope').doUpdateSet((set) => ({ scope: set.ref('excluded.scope') })),
          )
          .returning(['arrival_at', 'blocked_until'])
          .executeTakeFirstOrThrow()
        const { arrivalAtMs, ...grant } = planBudget(
          { arrivalAtMs: Number(row.arrival_at), blockedUntilMs: Number(row.blocked_until) },
          ask,
        )
        await transaction
          .updateTable('budgets')
          .set({ arrival_at: Math.ceil(arrivalAtMs) })
          .where('scope', '=', scope)
          .execute()
        return grant
      }),
    )
  }

  async block(scope: string, untilMs: number): Promise<void> {
    assertShort('the scope', scope, TEXT_CHARS_MAX)
    const until = Math.ceil(untilMs)
    await guardStore('the budget cannot be blocked', () =>
      this.#db
        .insertInto('budgets')
        .values({ scope, arrival_at: 0, blocked_until: until })
        .onConflict((conflict) =>
          conflict
            .column('scope')
            .doUpdateSet({ blocked_until: until })
            .where('budgets.blocked_until', '<', until),
        )
        .execute(),
    )
  }

  async prune(nowMs: number, max: number): Promise<number> {
    const { numDeletedRows } = await guardStore('old budgets cannot be removed', () =>
      this.#db
        .deleteFrom('budgets')
        .where('scope', 'in', (old) =>
          old
            .selectFrom('budgets')
            .select('scope')
            .where('arrival_at', '<=', nowMs)
            .where('blocked_until', '<=', nowMs)
            .limit(max),
        )
        .executeTakeFirst(),
    )
    return Number(numDeletedRows)
  }
}
