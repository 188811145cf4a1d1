import type { Client } from 'pg'

/** What a PostgreSQL says of itself to an ordinary role, and more to one in `pg_monitor`. */
export interface PostgresFacts {
  readonly version: string
  /** Of this connection; undefined = it is not encrypted. */
  readonly tls: { readonly version: string; readonly cipher: string } | undefined
  /** `listen_addresses`. */
  readonly listenAddresses: string
  /** Connections that the role may have, with those that are kept for others left out. */
  readonly connectionsMax: number
  /** Of all clients, and of gateways, by the name they give. */
  readonly connections: number
  readonly gatewayConnections: number
  /** Machines that gateways connect from. */
  readonly gatewayHosts: number
  readonly databaseBytes: number
  /** Blocks of the database that were found in memory, and those that were read, since statistics were reset. */
  readonly blocks: { readonly found: number; readonly read: number }
  /** Settings without which what was committed may be lost. */
  readonly unsafe: readonly string[]
  /** Absolute path on its machine; undefined where the role may not know. */
  readonly dataFolder: string | undefined
  /** But for those of PostgreSQL and of its extensions. */
  readonly schemas: readonly string[]
  /** When the gateway's store in it was made, milliseconds; undefined where there is none. */
  readonly storeMadeMs: number | undefined
  readonly queries: QueryFacts
}

/** How queries fare. */
export interface QueryFacts {
  /** The slowest by their mean, milliseconds; undefined without `pg_stat_statements`. */
  readonly statements: readonly SlowStatement[] | undefined
  /** Why there are none. */
  readonly gap: string | undefined
  /** Connections that hold a transaction open and do nothing, longer than a minute. */
  readonly idle: number
  /** Queries that run for longer than a minute. */
  readonly running: number
  /** Large tables that are mostly read whole. */
  readonly scanned: readonly string[]
}

/** A statement that `pg_stat_statements` counts. */
export interface SlowStatement {
  /** Its beginning, with `$1` for values. */
  readonly text: string
  readonly meanMs: number
  readonly calls: number
}

type Row = Readonly<Record<string, unknown>>

const SETTINGS = `
select current_setting('server_version') as version,
  current_setting('listen_addresses') as listen,
  current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int as free,
  (select rolconnlimit from pg_catalog.pg_roles where rolname = current_user) as role_limit,
  (select datconnlimit from pg_catalog.pg_database where datname = current_database()) as base_limit,
  pg_catalog.pg_database_size(current_database())::float8 as bytes,
  pg_catalog.pg_stat_get_db_blocks_hit(d.oid)::float8 as hits,
  pg_catalog.pg_stat_get_db_blocks_fetched(d.oid)::float8 as fetched,
  current_setting('fsync') as fsync,
  current_setting('full_page_writes') as pages,
  current_setting('synchronous_commit') as commit,
  (select setting from pg_catalog.pg_settings where name = 'data_directory') as folder
from pg_catalog.pg_database as d where d.datname = current_database()`

const TLS = `
select ssl, version, cipher from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()`

/** Of the rows of others a role sees little more than that they are there. */
const ACTIVITY = `
select count(*)::int as clients,
  count(*) filter (where application_name = 'sallyport')::int as gateways,
  count(distinct coalesce(host(client_addr), 'socket'))
    filter (where application_name = 'sallyport')::int as hosts,
  count(*) filter (where state like 'idle in transaction%'
    and state_change < now() - interval '1 minute')::int as idle,
  count(*) filter (where state = 'active' and pid <> pg_catalog.pg_backend_pid()
    and application_name not in ('pg_dump', 'pg_basebackup')
    and query_start < now() - interval '1 minute')::int as running
from pg_catalog.pg_stat_activity
where backend_type = 'client backend' or (backend_type is null and datid is not null)`

const SCHEMAS = `
select nspname as name from pg_catalog.pg_namespace as n
where nspname !~ '^pg_' and nspname <> 'information_schema'
  and not exists (select 1 from pg_catalog.pg_extension where extnamespace = n.oid and nspname <> 'public')
order by nspname limit 1000`

const SCANNED = `
select relname as name from pg_catalog.pg_stat_user_tables
where n_live_tup > 50000 and seq_scan > 1000 and seq_scan > coalesce(idx_scan, 0)
order by seq_tup_read desc limit 10`

const STATEMENTS_IN = `
select n.nspname as name from pg_catalog.pg_extension as e
join pg_catalog.pg_namespace as n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`

/** Asks all of it, one query after the other. Reads catalogues and statistics alone. */
export async function readPostgres(client: Client): Promise<PostgresFacts> {
  const [settings] = await rows(client, SETTINGS)
  const [tls] = await rows(client, TLS)
  const [activity] = await rows(client, ACTIVITY)
  const limits = ['free', 'role_limit', 'base_limit'].map((key) => Number(settings?.[key] ?? -1))
  const text = (key: string) => String(settings?.[key] ?? '')
  const number = (key: string) => Number(activity?.[key] ?? 0)
  const folder = settings?.['folder']
  return {
    version: text('version'),
    tls:
      tls?.['ssl'] === true
        ? { version: `${tls['version']}`, cipher: `${tls['cipher']}` }
        : undefined,
    listenAddresses: text('listen'),
    connectionsMax: Math.min(...limits.filter((limit) => limit >= 0)),
    connections: number('clients'),
    gatewayConnections: number('gateways'),
    gatewayHosts: number('hosts'),
    databaseBytes: Number(settings?.['bytes'] ?? 0),
    blocks: {
      found: Number(settings?.['hits'] ?? 0),
      read: Number(settings?.['fetched'] ?? 0) - Number(settings?.['hits'] ?? 0),
    },
    unsafe: [
      ...(text('fsync') === 'off' ? ['fsync'] : []),
      ...(text('pages') === 'off' ? ['full_page_writes'] : []),
      ...(text('commit') === 'off' ? ['synchronous_commit'] : []),
    ],
    dataFolder: typeof folder === 'string' ? folder : undefined,
    schemas: (await rows(client, SCHEMAS)).map(({ name }) => String(name)),
    storeMadeMs: await madeMs(client),
    queries: {
      ...(await readStatements(client)),
      idle: number('idle'),
      running: number('running'),
      scanned: (await rows(client, SCANNED)).map(({ name }) => String(name)),
    },
  }
}

async function rows(client: Client, text: string): Promise<Row[]> {
  return (await client.query<Row>(text)).rows
}

async function madeMs(client: Client): Promise<number | undefined> {
  const [known] = await rows(client, "select to_regclass('migrations') is not null as known")
  if (known?.['known'] !== true) return undefined
  try {
    const [row] = await rows(client, 'select min(at)::float8 as at from migrations')
    return typeof row?.['at'] === 'number' ? row['at'] : undefined
  } catch {
    return undefined // a table of that name, but not ours or not for us
  }
}

async function readStatements(client: Client): Promise<Pick<QueryFacts, 'statements' | 'gap'>> {
  const [found] = await rows(client, STATEMENTS_IN)
  if (found === undefined) {
    return { statements: undefined, gap: 'it has no extension `pg_stat_statements`' }
  }
  const schema = `"${String(found['name']).replaceAll('"', '""')}"`
  try {
    const slow = await rows(
      client,
      `select left(query, 200) as text, mean_exec_time as mean, calls::float8 as calls
      from ${schema}.pg_stat_statements
      where dbid = (select oid from pg_catalog.pg_database where datname = current_database())
        and calls >= 5 and query ~* '^\\s*(select|insert|update|delete|with|merge)\\M'
        and query not like '<%'
      order by mean_exec_time desc limit 5`,
    )
    return { statements: slow.map(toStatement), gap: undefined }
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    return { statements: undefined, gap: `\`pg_stat_statements\` cannot be read: ${why}` }
  }
}

function toStatement(row: Row): SlowStatement {
  const text = String(row['text']).replaceAll(/\s+/g, ' ').trim()
  return { text, meanMs: Number(row['mean']), calls: Number(row['calls']) }
}
