import type { KeyObject } from 'node:crypto'
import type { Client } from 'pg'
import type { AuditSink, SealedBatch } from './audit-appender.ts'
import { AUDIT_COLUMNS, isSealed, type ChainPoint } from './audit-row.ts'
import { endPostgres } from './guarded-pool.ts'
import { toBlob } from './sql-runner.ts'

/** How long a batch may take before its calls are refused, milliseconds. */
export const AUDIT_STATEMENT_MS = 5_000

const NUMBERS: ReadonlySet<string> = new Set(['seq', 'at', 'duration_us'])
const ARRAYS = AUDIT_COLUMNS.map(
  (name, i) => `$${i + 1}::${NUMBERS.has(name) ? 'bigint' : 'text'}[]`,
)
const NEXT = AUDIT_COLUMNS.length + 1

// One statement is one transaction and one round trip; arrays keep its text the same for any batch.
const APPEND = `with head as (
    update audit_heads set seq = $${NEXT + 1}, hash = $${NEXT + 2}, seal = $${NEXT + 3}
      where writer = $${NEXT + 4})
  insert into audit (${AUDIT_COLUMNS.join(', ')}, hash)
  select ${AUDIT_COLUMNS.join(', ')}, hash
    from unnest(${ARRAYS.join(', ')}, $${NEXT}::bytea[])
      with ordinality as r (${AUDIT_COLUMNS.join(', ')}, hash, place)
    order by place`

/** The audit log's own connection to PostgreSQL. A lost one is made anew at the next write. */
export class PostgresAuditSink implements AuditSink {
  readonly #connect: () => Promise<Client>
  readonly #writer: string
  readonly #key: KeyObject
  #client: Client | undefined

  /** Takes the connection over: disposing the sink ends it. */
  constructor(
    chain: { readonly writer: string; readonly key: KeyObject },
    client: Client,
    connect: () => Promise<Client>,
  ) {
    this.#connect = connect
    this.#writer = chain.writer
    this.#key = chain.key
    this.#adopt(client)
  }

  async write(batch: SealedBatch): Promise<void> {
    try {
      await this.#append(batch)
    } catch (thrown) {
      const stored = await this.recover().catch(() => Promise.reject(thrown))
      // The answer to a commit may be lost, and the commit not.
      if (stored?.seq === batch.head.seq && batch.head.hash.every((b, i) => b === stored.hash[i]))
        return
      throw thrown
    }
  }

  async recover(): Promise<ChainPoint | undefined> {
    this.#drop()
    const client = await this.#connected()
    const { rows } = await client.query<Record<string, unknown>>(
      'select seq, hash, seal from audit_heads where writer = $1',
      [this.#writer],
    )
    const row = rows[0]
    if (row === undefined) return undefined
    const point = { writer: this.#writer, seq: Number(row['seq']), hash: toBlob(row['hash']) }
    return isSealed([this.#key], 'head', point, toBlob(row['seal'])) ? point : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client
    this.#client = undefined
    if (client) await endPostgres(client)
  }

  async #append(batch: SealedBatch): Promise<void> {
    const { rows, hashes, head, seal } = batch
    const columns = AUDIT_COLUMNS.map((_, i) => rows.map((row) => row[i]))
    const client = await this.#connected()
    await client.query({
      name: 'audit-append',
      text: APPEND,
      values: [...columns, hashes, head.seq, head.hash, seal, head.writer],
    })
  }

  async #connected(): Promise<Client> {
    return this.#client ?? this.#adopt(await this.#connect())
  }

  #adopt(client: Client): Client {
    this.#client = client
    client.on('end', () => {
      if (this.#client === client) this.#client = undefined
    })
    return client
  }

  /** Leaves the connection behind without waiting: the server may be gone. */
  #drop(): void {
    const client = this.#client
    this.#client = undefined
    if (client) void endPostgres(client)
  }
}
