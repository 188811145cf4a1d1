import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Client } from 'pg'
import { endPostgres } from './guarded-pool.ts'

export type SqlRow = Readonly<Record<string, unknown>>
export type SqlValue = string | number | null | Uint8Array

/** One connection, spoken to in the SQL both engines share, with `?` for values. */
export interface SqlRunner extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres'
  query(text: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>
  /** All of it or nothing. One at a time, and nothing else meanwhile on this connection. */
  transaction<T>(run: () => Promise<T>): Promise<T>
}

/** Disposing it closes the database. */
export function sqliteRunner(database: DatabaseSync): SqlRunner {
  const query = async (text: string, values: readonly SqlValue[] = []): Promise<SqlRow[]> => {
    const statement = database.prepare(text)
    const input = values as SQLInputValue[] // readonly, but never written to
    try {
      return statement.all(...input)
    } catch (thrown) {
      if (!isOutOfRange(thrown)) throw thrown
      // A number that we never wrote: read it exactly, so that verification can name its row.
      statement.setReadBigInts(true)
      return statement.all(...input).map(narrowIntegers)
    }
  }
  return {
    kind: 'sqlite',
    query,
    transaction: async (run) => {
      database.exec('begin immediate')
      try {
        const result = await run()
        database.exec('commit')
        return result
      } catch (thrown) {
        // Some failures (a full disk) have rolled back already.
        if (database.isTransaction) database.exec('rollback')
        throw thrown
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (database.isOpen) database.close()
    },
  }
}

/** Disposing it ends the connection. */
export function postgresRunner(client: Client): SqlRunner {
  const query = async (text: string, values: readonly SqlValue[] = []): Promise<SqlRow[]> => {
    const result = await client.query<Record<string, unknown>>(numberPlaceholders(text), [
      ...values,
    ])
    return result.rows
  }
  return {
    kind: 'postgres',
    query,
    transaction: async (run) => {
      await client.query('begin')
      try {
        const result = await run()
        await client.query('commit')
        return result
      } catch (thrown) {
        await client.query('rollback').catch(() => undefined) // a lost connection rolls back by itself
        throw thrown
      }
    },
    [Symbol.asyncDispose]: () => endPostgres(client),
  }
}

function isOutOfRange(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_OUT_OF_RANGE'
}

/** Whole numbers beyond 2^53 become text, which is unlike any value of ours. */
function narrowIntegers(row: SqlRow): SqlRow {
  const narrow = (value: unknown): unknown => {
    if (typeof value !== 'bigint') return value
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, narrow(value)]))
}

/** Our statements hold no `?` but placeholders. */
function numberPlaceholders(text: string): string {
  let count = 0
  return text.replaceAll('?', () => `$${(count += 1)}`)
}

/** A blob column's value; empty for anything else, which no hash or seal equals. */
export function toBlob(value: unknown): Buffer {
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.alloc(0)
}
