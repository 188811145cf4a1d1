import { setImmediate as turn } from 'node:timers/promises'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Sealer } from '../crypto/index.ts'
import { INSTALLATION_PURPOSE, installationAad } from './installation-store.ts'
import { toBlob } from './sql-runner.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'

/** A configuration has up to 4 MiB. */
const ROWS_AT_ONCE = 5

type Row = Readonly<Record<string, unknown>>

/** A table with a column of sealed texts that live longer than the keys they were sealed with. */
interface SealedTable {
  readonly table: 'generations' | 'entries' | 'subjects' | 'installations'
  /** Columns of its primary key. */
  readonly keys: readonly [string, ...string[]]
  readonly column: string
  /** What its keys are derived for. */
  readonly purpose: string
  /** What a sealed text is bound to. */
  aad(row: Row): string
}

/**
 * Every such table: what is not here is lost once its key is dropped. What is sealed for less than a key's
 * time in retirement need not be here.
 */
export const SEALED_TABLES: readonly SealedTable[] = [
  {
    ...{ table: 'generations', keys: ['id'], column: 'body', purpose: 'config' },
    aad: () => 'config-generation',
  },
  {
    ...{ table: 'entries', keys: ['kind', 'name'], column: 'body', purpose: 'entries' },
    aad: ({ kind, name }) => `entry:${String(kind)}:${String(name)}`,
  },
  {
    ...{ table: 'subjects', keys: ['id'], column: 'subject', purpose: 'subjects' },
    aad: ({ id }) => String(id),
  },
  {
    ...{ table: 'installations', keys: ['provider', 'app', 'team'], column: 'body' },
    purpose: INSTALLATION_PURPOSE,
    aad: ({ provider, app, team }) =>
      installationAad({ provider: String(provider), app: String(app), team: String(team) }),
  },
]

/** What became of the rows of one table. */
export interface Resealed {
  readonly table: string
  /** Sealed again with the key that seals now. */
  readonly resealed: number
  /** Sealed with it already. */
  readonly current: number
  /** Sealed with a key that the store does not have; left as they are. */
  readonly unreadable: number
}

export interface SealedRowStore {
  /**
   * Seals every row again that another key sealed, a few at a time, so that nobody waits. A row that is written
   * meanwhile stays as it is written.
   *
   * @throws {AppError} `store_unwritable`; the signal's own reason. What was done until then stays done
   */
  reseal(sealerFor: (purpose: string) => Sealer, signal: AbortSignal): Promise<readonly Resealed[]>
}

/** The rows of `SEALED_TABLES`. */
export class SqlSealedRowStore implements SealedRowStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async reseal(
    sealerFor: (purpose: string) => Sealer,
    signal: AbortSignal,
  ): Promise<readonly Resealed[]> {
    const all: Resealed[] = []
    for (const table of SEALED_TABLES) {
      all.push(await this.#table(table, sealerFor(table.purpose), signal))
    }
    return all
  }

  async #table(spec: SealedTable, sealer: Sealer, signal: AbortSignal): Promise<Resealed> {
    const count = { resealed: 0, current: 0, unreadable: 0 }
    let last: Row | undefined
    for (;;) {
      signal.throwIfAborted()
      const rows = await guardStore('sealed rows cannot be read', () => this.#page(spec, last))
      for (const row of rows) {
        const before = toBlob(row[spec.column])
        const text = before.toString('latin1')
        const next = sealer.reseal(text, spec.aad(row))
        if (next === undefined) count.unreadable += 1
        else if (next === text) count.current += 1
        else if (await this.#write(spec, row, before, Buffer.from(next))) count.resealed += 1
      }
      last = rows.at(-1)
      if (rows.length < ROWS_AT_ONCE) return { table: spec.table, ...count }
      await turn()
    }
  }

  async #page({ table, keys, column }: SealedTable, after: Row | undefined): Promise<Row[]> {
    const names = sql.join(keys.map((key) => sql.ref(key)))
    const rest =
      after === undefined
        ? sql``
        : sql`where (${names}) > (${sql.join(keys.map((key) => sql.val(after[key])))})`
    const { rows } = await sql<Row>`select ${names}, ${sql.ref(column)} from ${sql.table(table)}
      ${rest} order by ${names} limit ${sql.lit(ROWS_AT_ONCE)}`.execute(this.#db)
    return rows
  }

  /** False when somebody wrote it meanwhile, or removed it. */
  async #write(
    { table, keys, column }: SealedTable,
    row: Row,
    before: Buffer,
    next: Buffer,
  ): Promise<boolean> {
    const where: RawBuilder<unknown>[] = keys.map((key) => sql`${sql.ref(key)} = ${row[key]}`)
    where.push(sql`${sql.ref(column)} = ${before}`)
    const { numAffectedRows } = await guardStore('a sealed row cannot be written', () =>
      sql`update ${sql.table(table)} set ${sql.ref(column)} = ${next}
        where ${sql.join(where, sql` and `)}`.execute(this.#db),
    )
    return (numAffectedRows ?? 0n) > 0n
  }
}
