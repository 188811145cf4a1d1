import type { CallSignal } from '../call-signal.ts'
import type { ChecklistStore } from './checklist-store.ts'
import type { ChangeStore } from './changes.ts'
import type { KeyStore } from './key-record.ts'
import type { RoleStore } from './role-store.ts'
import type { SubjectStore } from './subject-store.ts'
import type { LoginStore } from './login-store.ts'
import type { UserStore } from './user-store.ts'
import type { SuspensionStore } from './suspension-store.ts'
import type { TenantStore } from './tenant-store.ts'
import type { SubjectErasure } from './subject-erasure.ts'
import type { SealedRowStore } from './sealed-rows.ts'
import type { RingStore } from './ring-store.ts'
import type { EntryStore } from './entry-store.ts'
import type { BudgetStore } from './budget-store.ts'
import type { InstallStateStore } from './install-state-store.ts'
import type { InstallationStore } from './installation-store.ts'

export type { KeyRecord, KeyStore } from './key-record.ts'

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
  /**
   * Of a call to a group: the members that it was sent or about to be sent to, in order and with commas between
   * (`one,two`); the last one answered or was tried last. Null for all others and for intents.
   */
  readonly member: string | null
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
   * `kill -9` (a power cut too with `durability: power`). A store that hangs is waited for while `signal`
   * lets it, and for 5 s at most; the row may then still be written.
   *
   * @throws {AppError} `store_unwritable`
   */
  append(entry: AuditEntry, signal?: CallSignal): Promise<void>
  /** False while the last write failed or hangs; a call is refused then, and readiness says so. */
  readonly writable: boolean
  /** Tries a write now, so that readiness recovers without a call. */
  probe(): Promise<boolean>
}

export interface AuditQuery {
  readonly principal?: string
  readonly tenant?: string
  /** Also finds calls to tools that the server does not have, and those it got as the member of a group. */
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

/** What an operator decided about a server, or about the whole gateway; kept over restarts. */
export interface MarkRecord {
  /** Empty for the whole gateway. */
  readonly server: string
  readonly kind: 'blocked' | 'draining'
  /** In the operator's words, at most 1,000 characters; may be empty. */
  readonly reason: string
  /** Principal id of who decided. */
  readonly by: string
  readonly atMs: number
}

export interface MarkStore {
  list(): Promise<readonly MarkRecord[]>
  /**
   * Sets the mark, in place of an earlier one of its kind.
   *
   * @throws {AppError} `request_invalid` for a text that is too long; `store_unwritable`
   */
  set(mark: MarkRecord): Promise<void>
  /** False when there was none. */
  clear(server: string, kind: MarkRecord['kind']): Promise<boolean>
}

/** A configuration that was in force. */
export interface GenerationRecord {
  /** From 1, counting up. */
  readonly id: number
  readonly atMs: number
  readonly cause: 'start' | 'file' | 'signal' | 'api' | 'rollback'
  /** Principal id; empty where no principal asked for it. */
  readonly by: string
  /** SHA-256, hex, of `body` before it is sealed. */
  readonly digest: string
  /** Where it was read: a path, or `environment`. */
  readonly file: string
  /** The merged text of the file before its references were resolved, sealed; at most 4 MiB. */
  readonly body: Buffer
}

export interface GenerationStore {
  /** Newest first, without their bodies. */
  list(): Promise<readonly Omit<GenerationRecord, 'body'>[]>
  get(id: number): Promise<GenerationRecord | undefined>
  /**
   * Adds one and removes the oldest beyond `keepMax`. Resolves with its id.
   *
   * @throws {AppError} `request_invalid` for a body over 4 MiB; `store_unwritable`
   */
  add(record: Omit<GenerationRecord, 'id'>, keepMax: number): Promise<number>
}

/** Whose keyed call it is. */
export interface OutcomeKey {
  readonly principal: string
  readonly server: string
  readonly tool: string
  /** SHA-256, hex, of the idempotency key. */
  readonly keyHash: string
}

export interface OutcomeRecord extends OutcomeKey {
  /** HMAC of the arguments, hex: the same key with others is a conflict. */
  readonly argumentsMac: string
  /** Random, of the process that claimed it: a claim of another process that is gone will never finish. */
  readonly claimant: string
  /** `waiting`: between two rounds of questions, with nothing under way. */
  readonly state: 'pending' | 'waiting' | 'done'
  readonly atMs: number
  /** When its claimant last said that it lives, by that process' clock; see `OutcomeStore.beat`. */
  readonly seenAtMs: number
  readonly expiresAtMs: number
  /** What the audit log says of it; null while pending. */
  readonly outcome: string | null
  /** The text of `result`, sealed; null while pending, and where it was too large to keep. */
  readonly result: Buffer | null
}

export interface OutcomeStore {
  /**
   * Claims a key: undefined when it is ours now, else what stands there. Expired ones count as absent.
   *
   * @throws {AppError} `quota_exceeded` when the principal has `keysMax` already; `store_unwritable`
   */
  claim(
    record: Omit<OutcomeRecord, 'state' | 'seenAtMs' | 'outcome' | 'result'>,
    keysMax: number,
  ): Promise<OutcomeRecord | undefined>
  /** What stands there now; also one that has expired and was not removed yet. */
  read(key: OutcomeKey): Promise<OutcomeRecord | undefined>
  /** A pending call waits for its client from now on. */
  pause(key: OutcomeKey, claimant: string, nowMs: number): Promise<void>
  /** Takes over a call that waits for its client; false when it does not wait, or somebody was faster. */
  resume(key: OutcomeKey, claimant: string, nowMs: number): Promise<boolean>
  /** Renews `seenAtMs` of all that this claimant has pending. */
  beat(claimant: string, nowMs: number): Promise<void>
  /** @throws {AppError} `store_unwritable` */
  finish(
    key: OutcomeKey,
    claimant: string,
    end: Pick<OutcomeRecord, 'outcome' | 'result'>,
  ): Promise<void>
  /** Forgets a claim whose call certainly did nothing. */
  release(key: OutcomeKey, claimant: string): Promise<void>
  /** Removes at most `max` of what has expired; resolves with how many there were. */
  prune(nowMs: number, max: number): Promise<number>
}

/** Calls counted on one day. */
export interface UsageRecord {
  /** `2026-11-21`, UTC. */
  readonly day: string
  /** What was counted, in a form of its owner's; at most 1,000 characters. */
  readonly scope: string
  readonly calls: number
}

export interface UsageStore {
  read(day: string): Promise<readonly UsageRecord[]>
  /**
   * Adds to what is there, and forgets days before `keepFrom`. Resolves with what of these is there now, which
   * may be more than one gateway counted.
   */
  add(records: readonly UsageRecord[], keepFrom: string): Promise<readonly UsageRecord[]>
}

/** One open store, embedded or PostgreSQL; the same migrations and the same tests on both. */
export interface Store extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres'
  /** What its data are sealed with. */
  readonly ring: RingStore
  readonly sealed: SealedRowStore
  readonly erasure: SubjectErasure
  readonly keys: KeyStore
  readonly catalogues: CatalogueStore
  readonly reader: AuditReader
  readonly retention: AuditRetention
  readonly marks: MarkStore
  readonly generations: GenerationStore
  readonly outcomes: OutcomeStore
  readonly usage: UsageStore
  readonly subjects: SubjectStore
  readonly changes: ChangeStore
  readonly users: UserStore
  readonly logins: LoginStore
  readonly roles: RoleStore
  readonly tenants: TenantStore
  readonly suspensions: SuspensionStore
  readonly entries: EntryStore
  readonly installations: InstallationStore
  readonly installStates: InstallStateStore
  readonly budgets: BudgetStore
  readonly checklist: ChecklistStore
  /** Opens a chain of its own with a random writer id. Closed by its owner, before the store. */
  openAudit(options: { readonly durability: 'process' | 'power' }): Promise<AuditLog>
}
