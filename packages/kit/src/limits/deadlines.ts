import type { Clock } from '../clock.ts'

const TICK_MS = 50
/** One turn of the wheel is 51.2 s; later deadlines stay in their place for further turns. */
const WHEEL_SIZE = 1_024

/** A deadline that was added. */
export interface Deadline {
  /** Forgets it; nothing when it has expired. */
  cancel(): void
}

/**
 * All deadlines of the process on one coarse timer. Never early, at most a tick (50 ms) late while the event
 * loop runs. Adding and cancelling cost a list link each; the timer runs only while there are entries and
 * does not keep the process alive.
 */
export class Deadlines implements Disposable {
  readonly #clock: Clock
  readonly #wheel: (Entry | undefined)[] = Array.from({ length: WHEEL_SIZE })
  readonly #startMs: number
  #timer: NodeJS.Timeout | undefined
  /** Everything due up to this tick has been expired. */
  #tick = 0
  #size = 0
  #disposed = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
  }

  /** Deadlines that are pending. */
  get size(): number {
    return this.#size
  }

  /** Whether the timer runs. */
  get running(): boolean {
    return this.#timer !== undefined
  }

  /**
   * Calls `onExpire` once, `afterMs` from now, unless cancelled. It must not throw; if it does, the error is
   * uncaught but the other deadlines still expire. After disposal nothing expires any more.
   */
  add(afterMs: number, onExpire: () => void): Deadline {
    const dueMs = this.#clock.monotonicMs() - this.#startMs + Math.max(0, afterMs)
    // Never a tick that has been handled already.
    const dueTick = Math.max(Math.ceil(dueMs / TICK_MS), this.#tick + 1)
    const entry = new Entry(dueTick, onExpire, this.#unlink)
    this.#link(entry)
    if (this.#timer === undefined && !this.#disposed) this.#start()
    return entry
  }

  /** Expires what is due. The timer calls it; tests with a clock of their own may, too. */
  expireDue(): void {
    const nowTick = this.#nowTick()
    const from = Math.max(this.#tick + 1, nowTick - WHEEL_SIZE + 1)
    this.#tick = Math.max(this.#tick, nowTick)
    for (let tick = from; tick <= nowTick; tick += 1) this.#expireSlot(tick % WHEEL_SIZE, nowTick)
    if (this.#size === 0) this.#stop()
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#stop()
    this.#wheel.fill(undefined)
    this.#size = 0
  }

  #nowTick(): number {
    return Math.floor((this.#clock.monotonicMs() - this.#startMs) / TICK_MS)
  }

  #start(): void {
    this.#timer = setInterval(() => this.expireDue(), TICK_MS)
    this.#timer.unref()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #expireSlot(slot: number, nowTick: number): void {
    let entry = this.#wheel[slot]
    const due: Entry[] = []
    for (; entry !== undefined; entry = entry.next) if (entry.dueTick <= nowTick) due.push(entry)
    for (const one of due) {
      // An earlier one may have cancelled it.
      if (!one.linked) continue
      this.#unlink(one)
      try {
        one.onExpire()
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  #link(entry: Entry): void {
    const slot = entry.dueTick % WHEEL_SIZE
    const head = this.#wheel[slot]
    entry.next = head
    if (head !== undefined) head.previous = entry
    this.#wheel[slot] = entry
    entry.linked = true
    this.#size += 1
  }

  readonly #unlink = (entry: Entry): void => {
    if (this.#disposed) return
    if (entry.previous === undefined) this.#wheel[entry.dueTick % WHEEL_SIZE] = entry.next
    else entry.previous.next = entry.next
    if (entry.next !== undefined) entry.next.previous = entry.previous
    entry.previous = undefined
    entry.next = undefined
    entry.linked = false
    this.#size -= 1
  }
}

class Entry implements Deadline {
  readonly dueTick: number
  readonly onExpire: () => void
  readonly #unlink: (entry: Entry) => void
  previous: Entry | undefined = undefined
  next: Entry | undefined = undefined
  linked = false

  constructor(dueTick: number, onExpire: () => void, unlink: (entry: Entry) => void) {
    this.dueTick = dueTick
    this.onExpire = onExpire
    this.#unlink = unlink
  }

  cancel(): void {
    if (this.linked) this.#unlink(this)
  }
}
