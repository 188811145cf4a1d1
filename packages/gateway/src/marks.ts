import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { MarkRecord, MarkStore } from '@sallyport/kit/store'
import type { ServerControl, ServerMark, ServerStatus } from './upstreams/upstream.ts'

/** What the store calls the whole gateway where it names a server. */
const GATEWAY = ''
const WAITING_MAX = 100

export interface MarksDeps {
  readonly store: MarkStore
  readonly fleet: {
    readonly control: Pick<ServerControl, 'mark'>
    status(): readonly Pick<ServerStatus, 'name'>[]
  }
  /** Told of what was set or taken away. Must not throw. */
  readonly onChanged?: (mark: Pick<MarkRecord, 'server' | 'kind' | 'reason'>, set: boolean) => void
  readonly clock: Clock
  readonly log: Log
}

/** Who decides, and why. */
export interface MarkOrder {
  /** Principal id. */
  readonly by: string
  /** May be empty. */
  readonly reason: string
}

type Kind = MarkRecord['kind']

/**
 * What operators decided about servers and the whole gateway, kept over restarts. The store is written
 * first: a mark that is not kept has no effect. Changes happen one after the other.
 */
export class Marks {
  readonly #deps: MarksDeps
  readonly #records = new Map<string, MarkRecord>()
  #draining: ServerMark | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  private constructor(deps: MarksDeps, records: readonly MarkRecord[]) {
    this.#deps = deps
    for (const record of records) this.#keep(record)
  }

  /**
   * Reads what the store holds and applies it to the fleet.
   *
   * @throws {AppError} what reading the store throws
   */
  static async open(deps: MarksDeps): Promise<Marks> {
    const marks = new Marks(deps, await deps.store.list())
    marks.apply()
    const held = marks.list()
    if (held.length > 0) {
      deps.log.warn({ marks: held.map(describe) }, 'an operator keeps calls away')
    }
    return marks
  }

  /** Set while the whole gateway takes no new calls. */
  get draining(): ServerMark | undefined {
    return this.#draining
  }

  /** The mark of the whole gateway with who decided it. */
  get drainingRecord(): MarkRecord | undefined {
    return this.#records.get(keyOf(GATEWAY, 'draining'))
  }

  list(): readonly MarkRecord[] {
    return [...this.#records.values()]
  }

  /** The mark of a server; being blocked outweighs draining. */
  of(server: string): MarkRecord | undefined {
    return (
      this.#records.get(keyOf(server, 'blocked')) ?? this.#records.get(keyOf(server, 'draining'))
    )
  }

  /** Puts the marks on the fleet's servers: call it in the same step in which the fleet got new ones. */
  apply(): void {
    const known = new Set(this.#deps.fleet.status().map(({ name }) => name))
    for (const record of this.#records.values()) {
      if (known.has(record.server)) this.#put(record.server, record.kind, record)
    }
  }

  /** @throws {AppError} `store_unwritable`; `overloaded` while a hundred changes wait */
  markServer(server: string, kind: Kind, order: MarkOrder): Promise<MarkRecord> {
    return this.#set(server, kind, order)
  }

  /**
   * Takes a mark away, also from a server that is no longer configured; false when there was none.
   *
   * @throws {AppError} as `markServer`
   */
  unmarkServer(server: string, kind: Kind): Promise<boolean> {
    return this.#clear(server, kind)
  }

  /** Takes no new calls at all from now on. @throws {AppError} as `markServer` */
  drain(order: MarkOrder): Promise<MarkRecord> {
    return this.#set(GATEWAY, 'draining', order)
  }

  /** Takes calls again; false when it did already. @throws {AppError} as `markServer` */
  undrain(): Promise<boolean> {
    return this.#clear(GATEWAY, 'draining')
  }

  #set(server: string, kind: Kind, { by, reason }: MarkOrder): Promise<MarkRecord> {
    return this.#inTurn(async () => {
      const record = { server, kind, reason, by, atMs: this.#deps.clock.nowMs() }
      await this.#deps.store.set(record)
      this.#keep(record)
      this.#effect(server, kind, record)
      this.#deps.log.info({ ...placeOf(server), kind, reason, by }, 'mark set')
      this.#deps.onChanged?.(record, true)
      return record
    })
  }

  #clear(server: string, kind: Kind): Promise<boolean> {
    return this.#inTurn(async () => {
      const stored = await this.#deps.store.clear(server, kind)
      const held = this.#records.delete(keyOf(server, kind))
      if (server === GATEWAY) this.#draining = undefined
      this.#effect(server, kind, undefined)
      if (stored || held) {
        this.#deps.log.info({ ...placeOf(server), kind }, 'mark cleared')
        this.#deps.onChanged?.({ server, kind, reason: '' }, false)
      }
      return stored || held
    })
  }

  #keep(record: MarkRecord): void {
    this.#records.set(keyOf(record.server, record.kind), record)
    if (record.server === GATEWAY) this.#draining = { kind: record.kind, reason: record.reason }
  }

  #effect(server: string, kind: Kind, record: MarkRecord | undefined): void {
    const known = this.#deps.fleet.status().some(({ name }) => name === server)
    if (known) this.#put(server, kind, record)
  }

  #put(server: string, kind: Kind, record: MarkRecord | undefined): void {
    const mark = record === undefined ? undefined : { kind, reason: record.reason }
    this.#deps.fleet.control.mark(server, kind, mark)
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= WAITING_MAX) {
      throw new AppError('overloaded', `${WAITING_MAX} changes of marks wait for the store`)
    }
    this.#waiting += 1
    const before = this.#last
    const done = Promise.allSettled([before]).then(work)
    // Whoever asked is told of the failure; the next change does not depend on it.
    this.#last = done.catch(() => undefined)
    try {
      return await done
    } finally {
      this.#waiting -= 1
    }
  }
}

function placeOf(server: string): { readonly server?: string } {
  return server === GATEWAY ? {} : { server }
}

function keyOf(server: string, kind: Kind): string {
  return `${kind} ${server}`
}

function describe({ server, kind }: MarkRecord): string {
  return server === GATEWAY ? `gateway ${kind}` : `${server} ${kind}`
}
