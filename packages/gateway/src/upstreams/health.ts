import type { ProbeCall } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'
import { orAborted } from '@sallyport/kit/or-aborted'
import type { ClientInfo } from './own-messages.ts'
import { type Finding, probeCall, type ProbeDeps, probePing } from './probe.ts'
import type { Session } from './session.ts'
import type { Slot } from './slot.ts'
import type { HealthCheck } from './upstream.ts'

const TIMEOUT_MS_MAX = 10_000
const FAILURES_MAX = 3
const JITTER = 0.1
const NOTHING_OPEN = 'no session with the server is open'
const GONE_MEANWHILE = 'the session ended during the look at it'

export interface HealthOptions {
  readonly everyMs: number
  /** Time one look may take, milliseconds; `everyMs`, at most 10 s, when undefined. */
  readonly timeoutMs?: number | undefined
  /** Failed looks in a row that count; 3 when undefined. */
  readonly failures?: number | undefined
  /** A call to make besides the ping. */
  readonly call?: ProbeCall | undefined
  readonly clientInfo: ClientInfo
  readonly clock: Clock
  readonly log: Log
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number
  /** Ends what is waited for. */
  readonly signal: AbortSignal
  slots(): Iterable<Slot>
  onAlive(slot: Slot, session: Session): void
  /** Its pings failed `failures` times in a row. */
  onDead(slot: Slot): void
  /** A look is over; `fault` is up to date. */
  onCheck?(check: HealthCheck): void
}

/** One open session while it is looked at. */
interface Looked {
  readonly slot: Slot
  readonly session: Session
}

/**
 * Looks at the open sessions of a server now and then: every one gets a ping, and the oldest the configured
 * call. A server without a session is left alone. Looks never overlap: one that is due while the last still
 * runs waits for its end.
 */
export class Health {
  readonly #options: HealthOptions
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<HealthCheck> | undefined
  /** The time for a look came while another ran. */
  #due = false
  #last: HealthCheck | null = null
  #fault: string | null = null
  /** Configured calls that failed in a row. */
  #callsFailed = 0

  constructor(options: HealthOptions) {
    this.#options = options
  }

  /** What the last look found; null before the first. */
  get last(): HealthCheck | null {
    return this.#last
  }

  /** Why the configured call says that the server is degraded, one sentence; null when it does not. */
  get fault(): string | null {
    return this.#fault
  }

  /** A session was opened. */
  arm(): void {
    const { signal, random, everyMs } = this.#options
    if (signal.aborted || this.#timer !== undefined) return
    const jitter = 1 - JITTER + random() * 2 * JITTER
    this.#timer = setTimeout(() => this.#onTime(), everyMs * jitter)
    this.#timer.unref()
  }

  /**
   * Looks now, or joins the look that runs. Counts like any other.
   *
   * @throws {AppError} the signal's own reason
   */
  check(signal: AbortSignal): Promise<HealthCheck> {
    return orAborted(signal, () => this.#look())
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#due = false
  }

  #onTime(): void {
    this.#timer = undefined
    if (this.#looking !== undefined) {
      this.#due = true
      return
    }
    // The next start arms the timer again.
    if (this.#open().length === 0) return
    this.arm()
    void this.#look()
  }

  #look(): Promise<HealthCheck> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined
      if (!this.#due) return
      this.#due = false
      this.#onTime()
    })
    return this.#looking
  }

  async #lookAtAll(): Promise<HealthCheck> {
    const { call, clock } = this.#options
    const startedMs = clock.monotonicMs()
    const open = this.#open()
    const pings = Promise.all(open.map((looked) => this.#ping(looked)))
    const oldest = call === undefined ? undefined : oldestOf(open)
    const called = call === undefined || oldest === undefined ? undefined : this.#call(oldest, call)
    const findings = await pings
    const finding = called === undefined ? worstOf(findings) : await called
    const fault = finding === undefined ? missing(open) : (finding.fault ?? null)
    const check: HealthCheck = {
      kind: call === undefined ? 'ping' : 'call',
      ok: fault === null,
      reason: fault,
      durationMs: clock.monotonicMs() - startedMs,
      atMs: clock.nowMs(),
    }
    // A session that ended meanwhile, as idle ones do, says nothing about the server.
    if (finding !== undefined) this.#note(check)
    return check
  }

  #note(check: HealthCheck): void {
    const { signal, failures = FAILURES_MAX, onCheck } = this.#options
    if (signal.aborted) return
    this.#last = check
    if (check.kind === 'call') {
      this.#callsFailed = check.ok ? 0 : this.#callsFailed + 1
      if (check.ok) this.#fault = null
      else if (this.#callsFailed >= failures) this.#fault = check.reason
    }
    onCheck?.(check)
  }

  /** Undefined when the session went away by itself or by us. */
  async #ping({ slot, session }: Looked): Promise<Finding | undefined> {
    const { log, signal, failures = FAILURES_MAX, onAlive, onDead } = this.#options
    const heardBefore = session.heard
    const finding = await probePing(session, this.#deps())
    if (slot.session !== session || signal.aborted) return undefined
    // Whoever speaks lives, though it may be too busy to answer in time.
    const speaks = finding.error !== undefined && session.heard > heardBefore
    if (finding.fault === undefined || speaks) {
      slot.failures = 0
      onAlive(slot, session)
      return { fault: undefined, error: undefined }
    }
    this.#tell(finding)
    slot.failures += 1
    if (slot.failures >= failures) {
      log.warn({ serverPid: session.pid, failures: slot.failures }, 'server replaced')
      onDead(slot)
    }
    return finding
  }

  async #call({ slot, session }: Looked, call: ProbeCall): Promise<Finding | undefined> {
    const finding = await probeCall(session, call, this.#deps())
    const gone = slot.session !== session || this.#options.signal.aborted
    if (gone && finding.error !== undefined) return undefined
    this.#tell(finding)
    return finding
  }

  #tell({ error }: Finding): void {
    if (error !== undefined) this.#options.log.debug({ err: error }, 'health probe failed')
  }

  #deps(): ProbeDeps {
    const { clientInfo, everyMs, timeoutMs = TIMEOUT_MS_MAX, signal } = this.#options
    return { clientInfo, withinMs: Math.min(everyMs, timeoutMs), signal }
  }

  #open(): Looked[] {
    return [...this.#options.slots()].flatMap((slot) =>
      slot.session === undefined ? [] : [{ slot, session: slot.session }],
    )
  }
}

function oldestOf(open: readonly Looked[]): Looked | undefined {
  const [first, ...others] = open
  if (first === undefined) return undefined
  return others.reduce(
    (oldest, each) => (each.slot.readyAtMs < oldest.slot.readyAtMs ? each : oldest),
    first,
  )
}

/** A finding that names a fault before one that does not; undefined when no session was there to the end. */
function worstOf(findings: readonly (Finding | undefined)[]): Finding | undefined {
  const found = findings.filter((finding) => finding !== undefined)
  return found.find(({ fault }) => fault !== undefined) ?? found[0]
}

function missing(open: readonly Looked[]): string {
  return open.length === 0 ? NOTHING_OPEN : GONE_MEANWHILE
}
