import type { Role } from '../principal.ts'

/** An API key as kept: never the secret, only its SHA-256. */
export interface KeyRecord {
  /** Public part of the key, also the id in lists and logs. */
  readonly id: string
  readonly name: string
  /** SHA-256 of the whole key text. */
  readonly hash: Buffer
  readonly role: Role
  readonly tenant: string | null
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly lastUsedAtMs: number | null
  readonly revokedAtMs: number | null
}

export interface KeyStore {
  /** @throws {AppError} `config_invalid` when an unrevoked key of that name exists */
  create(key: KeyRecord): Promise<void>
  list(): Promise<readonly KeyRecord[]>
  /** Revokes by id or by name; false when there is none to revoke. */
  revoke(idOrName: string, atMs: number): Promise<boolean>
  /** Last use is kept in memory and written now and then: at most one write a minute per key. */
  touch(id: string, atMs: number): Promise<void>
}

/** The last known catalogue of one server: pages of raw `tools/list` results, as they came. */
export interface CatalogueRecord {
  readonly server: string
  /** SHA-256 over what reaches the server (command, url, ...): another configuration, another catalogue. */
  readonly fingerprint: string
  readonly pages: readonly Buffer[]
  readonly readAtMs: number
}

/** The era a server was found to speak, so that the next start need not probe. */
export interface EraRecord {
  readonly server: string
  readonly fingerprint: string
  readonly era: 'legacy' | 'modern'
  readonly version: string
  readonly judgedAtMs: number
}

export interface CatalogueStore {
  readCatalogues(): Promise<readonly CatalogueRecord[]>
  writeCatalogue(record: CatalogueRecord): Promise<void>
  readEras(): Promise<readonly EraRecord[]>
  writeEra(record: EraRecord): Promise<void>
}

export type AuditKind = 'intent' | 'call' | 'door'
export type AuditOutcome =
  | 'pending'
  | 'ok'
  | 'tool_error'
  | 'rpc_error'
  | 'refused'
  | 'failed'
  | 'unknown'
  | 'cancelled'

/** What is recorded of one step; the log adds writer, seq and hash. */
export interface AuditEntry {
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number
  readonly kind: AuditKind
  readonly requestId: string
  readonly principal: string
  readonly tenant: string | null
  /** Address of the peer, after trusted proxies. */
  readonly address: string
  readonly method: string
  readonly server: string | null
  readonly tool: string | null
  readonly outcome: AuditOutcome
  /** Our error code, or the JSON-RPC code as text; null when there is none. */
  readonly code: string | null
  /** From arrival to answer, microseconds; null on an intent. */
  readonly durationUs: number | null
  /** HMAC-SHA-256 of the argument bytes, hex; null without arguments. */
  readonly argumentsMac: string | null
}

export interface AuditRow extends AuditEntry {
  readonly writer: string
  /** From 1, without gaps, per writer. */
  readonly seq: number
  readonly hash: Buffer
}

/** The append side, on the call path. */
export interface AuditLog extends AsyncDisposable {
  /**
   * Appends one row; rows of one tick share one transaction. Resolves once the row would survive
   * `kill -9` (a power cut too with `durability: power`).
   *
   * @throws {AppError} `store_unwritable`
   */
  append(entry: AuditEntry): Promise<void>
  /** False while the last write failed; a call is refused then, and readiness says so. */
  readonly writable: boolean
  /** Tries a write now, so that readiness recovers without a call. */
  probe(): Promise<boolean>
}

export interface AuditQuery {
  readonly principal?: string
  /** Also finds calls to tools that the server does not have. */
  readonly server?: string
  /** As clients name it, `server__tool`; a name without `__` is any server's own. */
  readonly tool?: string
  readonly outcome?: AuditOutcome
  readonly requestId?: string
  readonly sinceMs?: number
  readonly untilMs?: number
  /** Rows, 1 to 1,000; newest first. */
  readonly limit: number
  /** Opaque, from the page before. */
  readonly cursor?: string
}

export interface AuditFault {
  readonly writer: string
  readonly seq: number
  readonly kind: 'edited' | 'missing' | 'reordered' | 'truncated'
}

export interface AuditReport {
  readonly ok: boolean
  readonly rows: number
  readonly writers: number
  readonly broken: readonly AuditFault[]
}

/** The reading side; runs off the serving thread. */
export interface AuditReader {
  list(query: AuditQuery, signal: AbortSignal): Promise<{ items: AuditRow[]; next?: string }>
  verify(signal: AbortSignal): Promise<AuditReport>
}

export interface AuditLimits {
  /** Rows older than this may go, milliseconds. */
  readonly keepMs: number
  /** Once the rows take more than this, the oldest go, bytes. */
  readonly bytesMax: number
}

/** Removes old rows in small transactions off the serving thread; what is left still verifies. */
export interface AuditRetention {
  /** Resolves with the number of rows removed. Only the oldest rows of each writer are ever removed. */
  prune(limits: AuditLimits, signal: AbortSignal): Promise<number>
}

/** One open store, embedded or PostgreSQL; the same migrations and the same tests on both. */
export interface Store extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres'
  readonly keys: KeyStore
  readonly catalogues: CatalogueStore
  readonly reader: AuditReader
  readonly retention: AuditRetention
  /** Opens a chain of its own with a random writer id. Closed by its owner, before the store. */
  openAudit(options: { readonly durability: 'process' | 'power' }): Promise<AuditLog>
}
