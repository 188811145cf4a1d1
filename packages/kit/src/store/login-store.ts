import type { Kysely, Selectable, Transaction } from 'kysely'
import { changing } from './changes.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'

/** One login of one person: a session of a browser, or a token of a program. */
export interface LoginRecord {
  /** Public: shown in lists, and in the token of a program. */
  readonly id: string
  /** SHA-256 of the cookie's value, hex; of a token something that no cookie has. */
  readonly secretHash: string
  readonly userId: string
  readonly kind: 'cookie' | 'bearer'
  readonly createdAtMs: number
  /** Last use; up to a minute behind. */
  readonly seenAtMs: number
  /** It ends then, however much it is used. */
  readonly expiresAtMs: number
  /** Where it came from at login. */
  readonly address: string
  /** What the program called itself at login. */
  readonly agent: string
}

/** What a new login depends on and replaces. */
export interface LoginBasis {
  /** Of the user whose password was checked. */
  readonly userVersion: number
  /** The login that the same browser had before. */
  readonly replaces?: string | undefined
  /** Logins a user may have; the oldest gives way. */
  readonly perUserMax: number
}

export interface LoginStore {
  list(): Promise<readonly LoginRecord[]>
  find(id: string): Promise<LoginRecord | undefined>
  /** False when the user was changed or removed meanwhile; then there is no login. */
  create(login: LoginRecord, basis: LoginBasis): Promise<boolean>
  /** Notes last uses, by id. Earlier ones than are known change nothing. */
  seen(uses: ReadonlyMap<string, number>): Promise<void>
  /** Ends one; false when there is none. */
  end(id: string): Promise<boolean>
  /** Removes what has expired, and cookies last used before then; resolves with how many there were. */
  prune(at: { readonly nowMs: number; readonly idleBeforeMs: number }): Promise<number>
}

/** Logins of people. */
export class SqlLoginStore implements LoginStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async list(): Promise<readonly LoginRecord[]> {
    const rows = await guardStore('logins cannot be read', () =>
      this.#db.selectFrom('logins').selectAll().orderBy('created_at').orderBy('id').execute(),
    )
    return rows.map(toLoginRecord)
  }

  async find(id: string): Promise<LoginRecord | undefined> {
    const row = await guardStore('logins cannot be read', () =>
      this.#db.selectFrom('logins').selectAll().where('id', '=', id).executeTakeFirst(),
    )
    return row && toLoginRecord(row)
  }

  create(login: LoginRecord, basis: LoginBasis): Promise<boolean> {
    return guardStore('the login cannot be written', () =>
      changing(this.#db, 'logins', async (transaction) => {
        const user = await transaction
          .selectFrom('users')
          .select(['version', 'disabled_at'])
          .where('id', '=', login.userId)
          .executeTakeFirst()
        if (user?.version !== basis.userVersion || user.disabled_at !== null) return false
        await makeRoom(transaction, login.userId, basis)
        await transaction.insertInto('logins').values(toRow(login)).execute()
        return true
      }),
    )
  }

  async seen(uses: ReadonlyMap<string, number>): Promise<void> {
    await guardStore('last uses of logins cannot be written', async () => {
      for (const [id, atMs] of uses) {
        await this.#db
          .updateTable('logins')
          .set({ seen_at: atMs })
          .where('id', '=', id)
          .where('seen_at', '<', atMs)
          .execute()
      }
    })
  }

  end(id: string): Promise<boolean> {
    return guardStore('the login cannot be ended', () =>
      changing(this.#db, 'logins', async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('logins')
          .where('id', '=', id)
          .executeTakeFirst()
        return numDeletedRows > 0n
      }),
    )
  }

  async prune({ nowMs, idleBeforeMs }: Parameters<LoginStore['prune']>[0]): Promise<number> {
    const { numDeletedRows } = await guardStore('old logins cannot be removed', () =>
      this.#db
        .deleteFrom('logins')
        .where((where) =>
          where.or([
            where('expires_at', '<=', nowMs),
            where.and([where('kind', '=', 'cookie'), where('seen_at', '<', idleBeforeMs)]),
          ]),
        )
        .executeTakeFirst(),
    )
    return Number(numDeletedRows)
  }
}

async function makeRoom(
  transaction: Transaction<Tables>,
  userId: string,
  { replaces, perUserMax }: LoginBasis,
): Promise<void> {
  const known = await transaction
    .selectFrom('logins')
    .select('id')
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute()
  const surplus = known.slice(perUserMax - 1).map(({ id }) => id)
  const gone = replaces === undefined ? surplus : [...surplus, replaces]
  if (gone.length === 0) return
  await transaction.deleteFrom('logins').where('id', 'in', gone).execute()
}

function toRow(login: LoginRecord): Selectable<Tables['logins']> {
  return {
    id: login.id,
    secret_hash: login.secretHash,
    user_id: login.userId,
    kind: login.kind,
    created_at: login.createdAtMs,
    seen_at: login.seenAtMs,
    expires_at: login.expiresAtMs,
    address: login.address,
    agent: login.agent,
  }
}

function toLoginRecord(row: Selectable<Tables['logins']>): LoginRecord {
  return {
    id: row.id,
    secretHash: row.secret_hash,
    userId: row.user_id,
    // An unknown kind, written by a later version, is good for nothing here.
    kind: row.kind === 'cookie' ? 'cookie' : 'bearer',
    createdAtMs: row.created_at,
    seenAtMs: row.seen_at,
    expiresAtMs: row.expires_at,
    address: row.address,
    agent: row.agent,
  }
}
