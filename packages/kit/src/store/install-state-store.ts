import type { Kysely } from 'kysely'
import { AppError } from '../errors.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'

const BODY_BYTES_MAX = 8_192

/** An installation that was begun in a browser and is not finished yet. */
export interface InstallStateRecord {
  readonly provider: string
  /** Digest of the state, so that who reads the store cannot finish it. */
  readonly stateHash: string
  /** What it needs to be finished, sealed; at most 8 KiB. */
  readonly body: Buffer
  /** Wall clock, milliseconds since 1970. */
  readonly expiresAtMs: number
}

/** What was begun, by any process; each is finished once, by any process. */
export interface InstallStateStore {
  /**
   * Keeps a state until it is taken or expires, and forgets those that have expired. False when that digest is kept
   * already.
   *
   * @param max of the provider that may be kept at once; several processes may exceed it by a little
   * @throws {AppError} `overloaded` when there are as many; `store_unwritable`
   */
  add(record: InstallStateRecord, options: { nowMs: number; max: number }): Promise<boolean>
  /** Takes a state out: of any number that try, one gets it. Undefined for one that is gone, or has expired. */
  take(provider: string, stateHash: string, nowMs: number): Promise<Buffer | undefined>
}

/** The states of the store. */
export class SqlInstallStateStore implements InstallStateStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async add(
    { provider, stateHash, body, expiresAtMs }: InstallStateRecord,
    { nowMs, max }: { nowMs: number; max: number },
  ): Promise<boolean> {
    assertShort('the provider', provider, TEXT_CHARS_MAX)
    assertShort('the digest of the state', stateHash, TEXT_CHARS_MAX)
    assertShort('the sealed state', body, BODY_BYTES_MAX)
    return await guardStore('the state cannot be kept', async () => {
      await this.#db.deleteFrom('install_states').where('expires_at', '<=', nowMs).execute()
      const { kept } = await this.#db
        .selectFrom('install_states')
        .select(({ fn }) => fn.countAll<number>().as('kept'))
        .where('provider', '=', provider)
        .executeTakeFirstOrThrow()
      if (Number(kept) >= max) {
        throw new AppError('overloaded', `${max} installations were begun and are not finished`)
      }
      const row = { state_hash: stateHash, provider, body, expires_at: expiresAtMs }
      const { numInsertedOrUpdatedRows } = await this.#db
        .insertInto('install_states')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows !== 0n
    })
  }

  async take(provider: string, stateHash: string, nowMs: number): Promise<Buffer | undefined> {
    const row = await guardStore('the state cannot be taken', () =>
      this.#db
        .deleteFrom('install_states')
        .where('state_hash', '=', stateHash)
        .where('provider', '=', provider)
        .returning(['body', 'expires_at'])
        .executeTakeFirst(),
    )
    return row && row.expires_at > nowMs ? Buffer.from(row.body) : undefined
  }
}
