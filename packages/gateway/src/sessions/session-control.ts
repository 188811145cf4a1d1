import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { SessionFacts } from '@sallyport/kit/mcp'
import type { Operator } from '../operations.ts'

/** Whom or what an operator keeps out. */
export interface SuspensionEntry {
  readonly kind: 'principal' | 'session'
  /** Principal id, or the label of the session. */
  readonly subject: string
  readonly reason: string
  /** Principal id of who decided. */
  readonly by: string
  readonly atMs: number
}

/** Who keeps suspensions over restarts and tells other processes. */
export interface SuspensionKeeper {
  isSuspended(kind: SuspensionEntry['kind'], subject: string): boolean
  list(): readonly SuspensionEntry[]
  /** @throws {AppError} `store_unwritable`; then nothing is suspended */
  suspend(entry: SuspensionEntry): Promise<void>
  /** False when it was not suspended. @throws {AppError} `store_unwritable` */
  resume(kind: SuspensionEntry['kind'], subject: string): Promise<boolean>
}

export interface SessionControlDeps {
  readonly edge: {
    openSessions(): readonly SessionFacts[]
    endSession(label: string): boolean
  }
  readonly keeper: SuspensionKeeper
  /** Whether there is a key or token whose principal has that id. */
  readonly isCredential: (principalId: string) => boolean
  readonly clock: Clock
  readonly log: Log
}

const PRINCIPAL = /^(?:(?:key|token|subject|user|certificate):.{1,190}|anonymous)$/u

/** A session with what keeps its calls out. */
export interface SessionView {
  readonly facts: SessionFacts
  readonly suspended: SuspensionEntry | undefined
}

/**
 * What operators do about clients: see who is there, refuse their next calls, end what they have open. A
 * suspension lets running calls finish, ends streams that only listen, and holds until it is taken back.
 */
export class SessionControl {
  readonly #deps: SessionControlDeps

  constructor(deps: SessionControlDeps) {
    this.#deps = deps
  }

  /** @param tenant only of this one; null = of all */
  list(tenant: string | null): readonly SessionView[] {
    const { edge, keeper } = this.#deps
    const suspensions = new Map(keeper.list().map((entry) => [keyOf(entry), entry]))
    const own = edge.openSessions().filter(({ principal }) => isOwn(principal.tenant, tenant))
    return own.map((facts) => {
      const ofSession = suspensions.get(keyOf({ kind: 'session', subject: facts.label }))
      const subject = facts.principal.id
      return {
        facts,
        suspended: ofSession ?? suspensions.get(keyOf({ kind: 'principal', subject })),
      }
    })
  }

  /** @throws {AppError} `not_found` */
  get(label: string, tenant: string | null): SessionView {
    const found = this.list(tenant).find(({ facts }) => facts.label === label)
    if (found !== undefined) return found
    throw new AppError(
      'not_found',
      'there is no such session at this process: `sessions list` has them',
    )
  }

  /** Every suspension, oldest first. */
  suspensions(): readonly SuspensionEntry[] {
    return this.#deps.keeper.list()
  }

  /** @throws {AppError} `not_found`; `conflict` for a subscription, which makes no calls; `store_unwritable` */
  suspendSession(label: string, reason: string, operator: Operator): Promise<SuspensionEntry> {
    const { facts } = this.get(label, operator.principal.tenant)
    if (facts.era === 'modern') {
      const text = 'a subscription makes no calls: end it, or suspend its principal'
      throw new AppError('conflict', text)
    }
    return this.#suspend({ kind: 'session', subject: label }, reason, operator)
  }

  /** False when it was not suspended. @throws {AppError} `not_found`, `store_unwritable` */
  async resumeSession(label: string, operator: Operator): Promise<boolean> {
    const { keeper } = this.#deps
    const { tenant } = operator.principal
    // Of a session that nobody uses now only the suspension is left; it says nothing of its tenant.
    if (tenant !== null || !keeper.isSuspended('session', label)) this.get(label, tenant)
    this.#tell('resume', { session: label }, operator)
    return keeper.resume('session', label)
  }

  /** Ends it with its streams and calls. @throws {AppError} `not_found` */
  endSession(label: string, operator: Operator): void {
    this.get(label, operator.principal.tenant)
    this.#tell('end', { session: label }, operator)
    this.#deps.edge.endSession(label)
  }

  /** @throws {AppError} `request_invalid`, `not_found`, `conflict` for the caller itself, `store_unwritable` */
  suspendPrincipal(id: string, reason: string, operator: Operator): Promise<SuspensionEntry> {
    if (!PRINCIPAL.test(id)) {
      const text = 'a principal has an id such as `key:<id>`, `token:<name>` or `user:<id>`'
      throw new AppError('request_invalid', text)
    }
    if (/^(?:key|token):/.test(id) && !this.#deps.isCredential(id)) {
      throw new AppError('not_found', 'no valid key or token has a principal of that id')
    }
    if (id === operator.principal.id) {
      throw new AppError('conflict', 'whoever suspends itself could not take that back')
    }
    return this.#suspend({ kind: 'principal', subject: id }, reason, operator)
  }

  /** False when it was not suspended. @throws {AppError} `store_unwritable` */
  resumePrincipal(id: string, operator: Operator): Promise<boolean> {
    this.#tell('resume', { of: id }, operator)
    return this.#deps.keeper.resume('principal', id)
  }

  async #suspend(
    { kind, subject }: Pick<SuspensionEntry, 'kind' | 'subject'>,
    reason: string,
    operator: Operator,
  ): Promise<SuspensionEntry> {
    this.#tell('suspend', kind === 'session' ? { session: subject } : { of: subject }, operator)
    const by = operator.principal.id
    const entry = { kind, subject, reason, by, atMs: this.#deps.clock.nowMs() }
    await this.#deps.keeper.suspend(entry)
    return entry
  }

  #tell(action: string, what: object, { principal, requestId }: Operator): void {
    this.#deps.log.info({ action, ...what, principal: principal.id, requestId }, 'operator asks')
  }
}

function keyOf({ kind, subject }: Pick<SuspensionEntry, 'kind' | 'subject'>): string {
  return `${kind} ${subject}`
}

function isOwn(of: string | null, tenant: string | null): boolean {
  return tenant === null || of === tenant
}
