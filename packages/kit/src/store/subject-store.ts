import type { Kysely } from 'kysely'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'

const ROWS_AT_ONCE = 200
const SEALED_BYTES_MAX = 8_192

/** Who stands behind the digest in the id of a principal with a token of an identity provider. */
export interface SubjectRecord {
  /** `subject:<issuer>:<digest>`, as in the audit log. */
  readonly id: string
  /** Our name for the identity provider. */
  readonly issuer: string
  /** Its `sub`, sealed; at most 8 KiB. */
  readonly subject: Buffer
  readonly firstSeenAtMs: number
  readonly lastSeenAtMs: number
}

/** Once a row is removed nobody can tell any more whom the audit log speaks of. */
export interface SubjectStore {
  /**
   * Notes that these were seen; who was known keeps when that was first so, and what was sealed then.
   *
   * @throws {AppError} `request_invalid` for a text that is too long; `store_unwritable`
   */
  note(records: readonly SubjectRecord[]): Promise<void>
  get(id: string): Promise<SubjectRecord | undefined>
  /** By id, those after `after`; at most `max`. */
  list(after: string, max: number): Promise<readonly SubjectRecord[]>
  /** False when there was none. */
  erase(id: string): Promise<boolean>
}

/** The subjects of identity providers, in the table `subjects`. */
export class SqlSubjectStore implements SubjectStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async note(records: readonly SubjectRecord[]): Promise<void> {
    for (const { id, issuer, subject } of records) {
      assertShort('the id of the subject', id, TEXT_CHARS_MAX)
      assertShort('the name of the issuer', issuer, TEXT_CHARS_MAX)
      assertShort('the sealed subject', subject, SEALED_BYTES_MAX)
    }
    for (let from = 0; from < records.length; from += ROWS_AT_ONCE) {
      const rows = records.slice(from, from + ROWS_AT_ONCE).map(toRow)
      await guardStore('subjects cannot be written', () =>
        this.#db
          .insertInto('subjects')
          .values(rows)
          .onConflict((conflict) =>
            conflict
              .column('id')
              .doUpdateSet((eb) => ({ last_seen_at: eb.ref('excluded.last_seen_at') })),
          )
          .execute(),
      )
    }
  }

  async get(id: string): Promise<SubjectRecord | undefined> {
    const row = await guardStore('subjects cannot be read', () =>
      this.#db.selectFrom('subjects').selectAll().where('id', '=', id).executeTakeFirst(),
    )
    return row && toRecord(row)
  }

  async list(after: string, max: number): Promise<readonly SubjectRecord[]> {
    const rows = await guardStore('subjects cannot be read', () =>
      this.#db
        .selectFrom('subjects')
        .selectAll()
        .where('id', '>', after)
        .orderBy('id')
        .limit(max)
        .execute(),
    )
    return rows.map(toRecord)
  }

  async erase(id: string): Promise<boolean> {
    const { numDeletedRows } = await guardStore('the subject cannot be removed', () =>
      this.#db.deleteFrom('subjects').where('id', '=', id).executeTakeFirst(),
    )
    return numDeletedRows > 0n
  }
}

function toRow({ id, issuer, subject, firstSeenAtMs, lastSeenAtMs }: SubjectRecord) {
  return { id, issuer, subject, first_seen_at: firstSeenAtMs, last_seen_at: lastSeenAtMs }
}

function toRecord(row: {
  readonly id: string
  readonly issuer: string
  readonly subject: Uint8Array
  readonly first_seen_at: number
  readonly last_seen_at: number
}): SubjectRecord {
  return {
    id: row.id,
    issuer: row.issuer,
    subject: Buffer.from(row.subject),
    firstSeenAtMs: row.first_seen_at,
    lastSeenAtMs: row.last_seen_at,
  }
}
