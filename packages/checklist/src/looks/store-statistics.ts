import { AppError } from '@sallyport/kit/errors'
import { Client } from 'pg'
import { fact } from '../deployment.ts'

const DEADLINE_MS = 4_000
const CALLS_MIN = 20
const STATEMENTS_MAX = 5

/** One statement as the server counts it. */
export interface Statement {
  /** Its text with `$1` for values. */
  readonly text: string
  readonly calls: number
  readonly meanMs: number
}

/** What a PostgreSQL that holds the store knows of its work. */
export interface StoreStatistics {
  /** Blocks that were found in memory, and those that were not, since the statistics were reset. */
  readonly hits: number
  readonly reads: number
  /** The slowest by their mean, of those that ran often enough; undefined where the server does not count them. */
  readonly slowest: readonly Statement[] | undefined
}

/**
 * Statistics of the store's database, read only. Undefined where the store is no PostgreSQL.
 *
 * @throws {AppError} `store_unwritable` when it cannot be asked; the signal's own reason
 */
export const storeStatistics = fact<StoreStatistics | undefined>(async ({ config }, signal) => {
  const url = config?.store
  if (url === undefined || !url.startsWith('postgres')) return undefined
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: DEADLINE_MS,
    query_timeout: DEADLINE_MS,
    statement_timeout: DEADLINE_MS,
    application_name: 'sallyport check',
    options: '-c default_transaction_read_only=on',
  })
  client.on('error', () => undefined) // a connection that fails rejects below
  const end = () => void client.end()
  signal.addEventListener('abort', end, { once: true })
  try {
    await client.connect()
    return { ...(await blocksOf(client)), slowest: await slowestOf(client) }
  } catch (thrown) {
    signal.throwIfAborted()
    throw new AppError('store_unwritable', 'the store cannot be asked for its statistics', {
      cause: thrown,
    })
  } finally {
    signal.removeEventListener('abort', end)
    await client.end()
  }
})

async function blocksOf(client: Client): Promise<{ hits: number; reads: number }> {
  const { rows } = await client.query<{ hits: string; reads: string }>(
    'select blks_hit as hits, blks_read as reads from pg_stat_database where datname = current_database()',
  )
  return { hits: Number(rows[0]?.hits ?? 0), reads: Number(rows[0]?.reads ?? 0) }
}

/** Only statements whose values the server takes out: others could hold a password. */
async function slowestOf(client: Client): Promise<Statement[] | undefined> {
  const { rows: found } = await client.query(
    "select 1 from pg_extension where extname = 'pg_stat_statements'",
  )
  if (found.length === 0) return undefined
  const { rows } = await client.query<{ text: string; calls: string; mean: number }>(
    `select left(query, 200) as text, calls, mean_exec_time as mean from pg_stat_statements
     where dbid = (select oid from pg_database where datname = current_database())
       and calls >= $1 and query ~* '^\\s*(select|insert|update|delete|with)\\M'
     order by mean_exec_time desc limit $2`,
    [CALLS_MIN, STATEMENTS_MAX],
  )
  return rows.map(({ text, calls, mean }) => ({ text, calls: Number(calls), meanMs: mean }))
}
