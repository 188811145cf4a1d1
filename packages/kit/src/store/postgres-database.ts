import type { Client, ClientConfig, Pool } from 'pg'
import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { StoreLocation } from './location.ts'
import { reasonOf } from './store-failure.ts'

export type PostgresLocation = Extract<StoreLocation, { kind: 'postgres' }>

const CONNECT_MS = 5_000
const INT8 = 20

export interface PostgresOptions {
  /** How long one statement may take, milliseconds. */
  readonly statementMs: number
}

/**
 * Opens one connection. The caller ends it.
 *
 * @throws {AppError} `store_unwritable` when the server does not take it
 */
export async function connectPostgres(
  location: PostgresLocation,
  options: PostgresOptions,
): Promise<Client> {
  const { default: pg } = await import('pg')
  const client = new pg.Client(await clientConfig(location, options))
  client.on('error', () => undefined) // a connection lost while idle shows at its next use
  try {
    await client.connect()
    return client
  } catch (thrown) {
    await client.end().catch(() => undefined) // nothing was open
    throw unreachable(location, thrown)
  }
}

/** Opens nothing yet; connections are made on use. The caller ends it. */
export async function createPostgresPool(
  location: PostgresLocation,
  options: PostgresOptions & { readonly min: number; readonly max: number; readonly log: Log },
): Promise<Pool> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    ...(await clientConfig(location, options)),
    min: options.min,
    max: options.max,
  })
  pool.on('error', (error) => options.log.warn({ err: error }, 'store connection lost'))
  return pool
}

/**
 * Refuses a database whose encoding cannot hold every name a caller may send.
 *
 * @throws {AppError} `config_invalid`
 */
export async function checkEncoding(client: Client, location: PostgresLocation): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>('show server_encoding')
  const encoding = rows[0]?.server_encoding ?? ''
  if (encoding === 'UTF8') return
  throw new AppError(
    'config_invalid',
    `the database ${location.label} has the encoding ${encoding}; make one with encoding UTF8`,
  )
}

async function clientConfig(
  location: PostgresLocation,
  options: PostgresOptions,
): Promise<ClientConfig> {
  const { default: pg } = await import('pg')
  return {
    connectionString: location.url,
    application_name: 'sallyport',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: options.statementMs,
    // The server may be gone without a word: then this ends the wait.
    query_timeout: options.statementMs + 1_000,
    keepAlive: true,
    ...(location.verifyTls === undefined ? {} : { ssl: { rejectUnauthorized: true } }),
    types: {
      // Our 64-bit columns hold times, sizes and counts: all below 2^53.
      getTypeParser: (oid, format) =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format ?? 'text'),
    },
  }
}

function unreachable(location: PostgresLocation, thrown: unknown): AppError {
  return new AppError(
    'store_unwritable',
    `PostgreSQL at ${location.label} cannot be reached: ${reasonOf(thrown)}`,
    { cause: thrown },
  )
}
