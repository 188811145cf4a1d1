import { randomBytes } from 'node:crypto'
import type { EventItem, EventType } from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'

const KEPT = 1_000
const ID = /^([0-9a-f]{8})-(\d{1,15})$/

/** What whoever tells of something says. */
export interface News {
  readonly type: EventType
  /** Whose it is; null by default. */
  readonly tenant?: string | null
  /** The server it is about, for whoever sees that. */
  readonly server?: string
  readonly facts?: EventItem['facts']
}

/** Something that happened. */
export interface GatewayEvent {
  /** Unique, also over restarts. */
  readonly id: string
  readonly item: EventItem
}

/** What came after an event. */
export interface Missed {
  readonly events: readonly GatewayEvent[]
  /** How many are no longer kept; null = nobody knows, as another process told the event. 0 = none. */
  readonly lost: number | null
}

export type EventListener = (event: GatewayEvent) => void

/**
 * Announces what happens to whoever listens; the last 1,000 are kept for who was away. Telling never throws,
 * waits for nothing and steers nothing.
 */
export class Events {
  readonly #clock: Clock
  readonly #log: Log
  readonly #boot = randomBytes(4).toString('hex')
  readonly #listeners = new Set<EventListener>()
  #kept: GatewayEvent[] = []
  #seq = 0

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  /** Tells everybody. Never throws. */
  emit({ type, tenant = null, server, facts = {} }: News): void {
    this.#seq += 1
    const at = new Date(this.#clock.nowMs()).toISOString()
    const item = { at, type, tenant, server: server ?? null, facts: { ...facts } }
    const event = { id: `${this.#boot}-${this.#seq}`, item }
    this.#kept.push(event)
    // Cut now and then: a thousand are moved once in a thousand events.
    if (this.#kept.length >= 2 * KEPT) this.#kept = this.#kept.slice(-KEPT)
    for (const listener of this.#listeners) this.#tell(listener, event)
  }

  /** Hears of everything from now on, until what it returns is called. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** What came after the event with that id; of an id that is not ours, all that is kept. */
  after(id: string): Missed {
    const kept = this.#kept.slice(-KEPT)
    const [, boot, digits] = ID.exec(id) ?? []
    const seq = Number(digits)
    if (boot !== this.#boot || seq > this.#seq) return { events: kept, lost: null }
    const oldest = this.#seq - kept.length + 1
    const lost = Math.max(0, oldest - 1 - seq)
    return { events: kept.slice(Math.max(0, seq - oldest + 1)), lost }
  }

  #tell(listener: EventListener, event: GatewayEvent): void {
    try {
      listener(event)
    } catch (err) {
      this.#log.error({ err, type: event.item.type }, 'event could not be told')
    }
  }
}
