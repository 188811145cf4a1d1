import type { ExpressionBuilder, Insertable, Kysely, Selectable } from 'kysely'
import { AppError } from '../errors.ts'
import { guardStore } from './store-failure.ts'
import type { OutcomeKey, OutcomeRecord, OutcomeStore } from './store.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'
import type { Tables } from './tables.ts'

/** A claim that keeps finding a row that is gone when it is read. */
const ATTEMPTS_MAX = 5
/** Principals whose room is remembered; beyond it all are counted anew. */
const PRINCIPALS_MAX = 10_000

type Claim = Parameters<OutcomeStore['claim']>[0]

/** Keyed calls and how they ended; the claims of all gateways on one store exclude each other. */
export class SqlOutcomeStore implements OutcomeStore {
  readonly #db: Kysely<Tables>
  readonly #onKept: (bytes: number) => void
  /** Claims a principal may make before its keys are counted again. */
  readonly #room = new Map<string, number>()

  /** @param onKept told how large an answer was that went into the store */
  constructor(db: Kysely<Tables>, onKept: (bytes: number) => void = () => undefined) {
    this.#db = db
    this.#onKept = onKept
  }

  async claim(record: Claim, keysMax: number): Promise<OutcomeRecord | undefined> {
    assertShort('the principal', record.principal, TEXT_CHARS_MAX)
    assertShort('the name of the tool', record.tool, TEXT_CHARS_MAX)
    return await guardStore('the idempotency key cannot be claimed', async () => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const standing = await this.read(record)
        if (standing !== undefined && standing.expiresAtMs > record.atMs) return standing
        await this.#takeRoom(record, keysMax)
        if (await this.#insert(record)) return undefined
      }
      throw new AppError('store_unwritable', 'the idempotency key is claimed and released too fast')
    })
  }

  async read(key: OutcomeKey): Promise<OutcomeRecord | undefined> {
    const row = await guardStore('the outcome of a call cannot be read', () =>
      this.#db.selectFrom('outcomes').selectAll().where(at(key)).executeTakeFirst(),
    )
    return row && toOutcome(row)
  }

  async pause(key: OutcomeKey, claimant: string, nowMs: number): Promise<void> {
    await guardStore('the pause of a call cannot be kept', () =>
      this.#db
        .updateTable('outcomes')
        .set({ state: 'waiting', seen_at: nowMs })
        .where(at(key))
        .where('claimant', '=', claimant)
        .where('state', '=', 'pending')
        .execute(),
    )
  }

  async resume(key: OutcomeKey, claimant: string, nowMs: number): Promise<boolean> {
    const { numUpdatedRows } = await guardStore('the call cannot be taken up again', () =>
      this.#db
        .updateTable('outcomes')
        .set({ state: 'pending', claimant, seen_at: nowMs })
        .where(at(key))
        .where('state', '=', 'waiting')
        .executeTakeFirst(),
    )
    return numUpdatedRows > 0n
  }

  async beat(claimant: string, nowMs: number): Promise<void> {
    await guardStore('pending calls cannot be renewed', () =>
      this.#db
        .updateTable('outcomes')
        .set({ seen_at: nowMs })
        .where('claimant', '=', claimant)
        .where('state', '=', 'pending')
        .execute(),
    )
  }

  async finish(
    key: OutcomeKey,
    claimant: string,
    { outcome, result }: Pick<OutcomeRecord, 'outcome' | 'result'>,
  ): Promise<void> {
    await guardStore('the outcome of a call cannot be kept', () =>
      this.#db
        .updateTable('outcomes')
        .set({ state: 'done', outcome, result })
        .where(at(key))
        .where('claimant', '=', claimant)
        .where('state', '=', 'pending')
        .execute(),
    )
    if (result) this.#onKept(result.length)
  }

  async release(key: OutcomeKey, claimant: string): Promise<void> {
    await guardStore('the claim of a call cannot be released', () =>
      this.#db
        .deleteFrom('outcomes')
        .where(at(key))
        .where('claimant', '=', claimant)
        .where('state', '=', 'pending')
        .execute(),
    )
  }

  async prune(nowMs: number, max: number): Promise<number> {
    const { numDeletedRows } = await guardStore('old outcomes cannot be removed', () =>
      this.#db
        .deleteFrom('outcomes')
        .where('expires_at', '<=', nowMs)
        // Both engines know how to take the first few of them only by their keys.
        .where(({ eb, refTuple, selectFrom }) =>
          eb(
            refTuple('principal', 'server', 'tool', 'key_hash'),
            'in',
            selectFrom('outcomes')
              .select(['principal', 'server', 'tool', 'key_hash'])
              .where('expires_at', '<=', nowMs)
              .orderBy('expires_at')
              .limit(max)
              .$asTuple('principal', 'server', 'tool', 'key_hash'),
          ),
        )
        .executeTakeFirst(),
    )
    return Number(numDeletedRows)
  }

  /** One statement decides between all who claim: false when somebody else has it by now. */
  async #insert(record: Claim): Promise<boolean> {
    const values = toRow(record)
    const rows = await this.#db
      .insertInto('outcomes')
      .values(values)
      .onConflict((conflict) =>
        conflict
          .columns(['principal', 'server', 'tool', 'key_hash'])
          .doUpdateSet(values)
          .where('outcomes.expires_at', '<=', record.atMs),
      )
      .returning('claimant')
      .execute()
    return rows.length > 0
  }

  /**
   * Counting takes as long as there are keys: while there is room, a quarter of it is used without. Several
   * gateways on one store may so exceed the bound by a little.
   *
   * @throws {AppError} `quota_exceeded`
   */
  async #takeRoom({ principal, atMs }: Claim, keysMax: number): Promise<void> {
    let room = this.#room.get(principal) ?? 0
    if (room < 1) {
      const { kept, oldest } = await this.#count(principal, atMs)
      if (kept >= keysMax) throw keysUsedUp(keysMax, Math.max(1, (oldest ?? atMs) - atMs))
      room = Math.ceil((keysMax - kept) / 4)
    }
    if (this.#room.size >= PRINCIPALS_MAX) this.#room.clear()
    this.#room.set(principal, room - 1)
  }

  /** Keys that are remembered, and when the first of them expires. */
  #count(
    principal: string,
    nowMs: number,
  ): Promise<{ readonly kept: number; readonly oldest: number | null }> {
    return this.#db
      .selectFrom('outcomes')
      .select(({ fn }) => [
        fn.countAll<number>().as('kept'),
        fn.min<number | null>('expires_at').as('oldest'),
      ])
      .where('principal', '=', principal)
      .where('expires_at', '>', nowMs)
      .executeTakeFirstOrThrow()
  }
}

function at(key: OutcomeKey) {
  return ({ and }: ExpressionBuilder<Tables, 'outcomes'>) =>
    and({ principal: key.principal, server: key.server, tool: key.tool, key_hash: key.keyHash })
}

function toRow(record: Claim): Insertable<Tables['outcomes']> {
  return {
    principal: record.principal,
    server: record.server,
    tool: record.tool,
    key_hash: record.keyHash,
    arguments_mac: record.argumentsMac,
    claimant: record.claimant,
    state: 'pending',
    at: record.atMs,
    seen_at: record.atMs,
    expires_at: record.expiresAtMs,
    outcome: null,
    result: null,
  }
}

function toOutcome(row: Selectable<Tables['outcomes']>): OutcomeRecord {
  return {
    principal: row.principal,
    server: row.server,
    tool: row.tool,
    keyHash: row.key_hash,
    argumentsMac: row.arguments_mac,
    claimant: row.claimant,
    // An unknown state, of a later version, is not done: nobody knows its outcome.
    state: row.state === 'done' || row.state === 'waiting' ? row.state : 'pending',
    atMs: row.at,
    seenAtMs: row.seen_at,
    expiresAtMs: row.expires_at,
    outcome: row.outcome,
    result: row.result && Buffer.from(row.result),
  }
}

function keysUsedUp(keysMax: number, retryAfterMs: number): AppError {
  return new AppError(
    'quota_exceeded',
    `${keysMax} idempotency keys of this principal are remembered, and no more may be until one of them expires`,
    { remaining: 0, retryAfterMs, outcome: 'not_sent' },
  )
}
