import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { SqliteDialect, type SqliteDatabase } from 'kysely'

/** Presents `node:sqlite` in the shape Kysely's SQLite dialect asks for. */
export function sqliteDialect(database: DatabaseSync): SqliteDialect {
  const adapter: SqliteDatabase = {
    close: () => database.close(),
    prepare: (sql) => {
      // A transaction that first reads and then writes could not wait for another writer.
      const statement = database.prepare(sql === 'begin' ? 'begin immediate' : sql)
      const reader = statement.columns().length > 0
      return {
        reader,
        all: (parameters) => statement.all(...toInput(parameters)),
        run: (parameters) => statement.run(...toInput(parameters)),
        iterate: (parameters) => statement.iterate(...toInput(parameters)),
      }
    },
  }
  return new SqliteDialect({ database: adapter })
}

function toInput(parameters: readonly unknown[]): SQLInputValue[] {
  return [...parameters] as SQLInputValue[] // our tables hold text, integers and blobs only
}
