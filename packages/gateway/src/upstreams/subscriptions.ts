import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { ListenFilter, LogLevel } from '@sallyport/kit/mcp'
import { ask } from './ask.ts'
import type { ClientInfo } from './own-messages.ts'
import { readWords, type Session } from './session.ts'
import type { Slot } from './slot.ts'
import type { Asker } from './upstream.ts'

const URIS_MAX = 1_000
/** Subscriptions sent anew at once after a session was lost. */
const AT_ONCE = 8

export interface SubscriptionsOptions {
  readonly clientInfo: ClientInfo
  readonly clock: Clock
  readonly log: Log
  /** Time for one answer, milliseconds; asked for each. */
  readonly answerMs: () => number
  readonly signal: AbortSignal
  open(asker: Asker): Promise<void>
  find(key: string): Slot | undefined
  /** What is subscribed to may have changed while nobody was told. */
  onMissed(key: string, uri: string): void
}

/** One URI on one session. */
interface Wish {
  /** Who subscribed to it, one entry for each time. */
  readonly askers: Asker[]
  /** The session it was last asked of, and how that went. */
  session: Session | undefined
  asked: Promise<void>
  /** Its server is not the one that was subscribed with: what happened in between is unknown. */
  adopted: boolean
}

/** What one key is subscribed to. */
interface Standing {
  readonly uris: Map<string, Wish>
  /** Log level of its lost session, for the next one. */
  logLevel: LogLevel | undefined
}

/** One subscription of one asker. */
export interface Held {
  readonly asker: Asker
  readonly uri: string
}

/** What a server's sessions are to tell of unasked: changes of its lists, and of resources subscribed to. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #standing = new Map<string, Standing>()

  constructor(options: SubscriptionsOptions) {
    this.#options = options
  }

  /** Whether the key has subscriptions, and so needs its session. */
  holds(key: string): boolean {
    return this.#standing.has(key)
  }

  /** How talkative the lost session of the key was, where its next one should be as well. */
  logLevelOf(key: string): LogLevel | undefined {
    return this.#standing.get(key)?.logLevel
  }

  /**
   * Adds a subscription and sees that the server knows of it.
   *
   * @throws {AppError} what opening a session fails with, `overloaded`, or `server_protocol` with the
   *   server's words when it refuses
   */
  async add(key: string, asker: Asker, uri: string): Promise<void> {
    this.#wish(key, asker, uri)
    try {
      // A session that turns out to be lost is opened again once.
      const lost = await this.#establish(key, asker, uri).then(() => undefined, sessionLost)
      if (lost !== undefined) await this.#establish(key, asker, uri)
    } catch (thrown) {
      this.remove(key, uri, asker)
      throw thrown
    }
  }

  /**
   * Takes a subscription over that was made with another server of this name. It is asked for when the key's
   * session stands; beyond the bound it is dropped.
   */
  adopt(key: string, asker: Asker, uri: string): void {
    try {
      this.#wish(key, asker, uri).adopted = true
    } catch (err) {
      this.#options.log.warn({ err }, 'subscription not taken over')
    }
  }

  /** Gives all subscriptions away. */
  takeAll(): Held[] {
    const held = [...this.#standing.values()].flatMap(({ uris }) =>
      [...uris].flatMap(([uri, { askers }]) => askers.map((asker) => ({ asker, uri }))),
    )
    this.#standing.clear()
    return held
  }

  /** Whose session each key with subscriptions needs. */
  holders(): { readonly key: string; readonly asker: Asker }[] {
    return [...this.#standing].flatMap(([key, { uris }]) => {
      const [first] = uris.values()
      const asker = first?.askers[0]
      return asker === undefined ? [] : [{ key, asker }]
    })
  }

  /** Takes one subscription away; with the last of a URI the server stops telling. */
  remove(key: string, uri: string, asker: Asker): void {
    const standing = this.#standing.get(key)
    const wish = standing?.uris.get(uri)
    if (standing === undefined || wish === undefined) return
    const own = wish.askers.findIndex(({ principal }) => principal.id === asker.principal.id)
    wish.askers.splice(Math.max(own, 0), 1)
    if (wish.askers.length > 0) return
    standing.uris.delete(uri)
    if (standing.uris.size === 0) this.#standing.delete(key)
    const slot = this.#options.find(key)
    if (slot?.session === undefined) return
    slot.usedAtMs = this.#options.clock.monotonicMs()
    if (wish.session === slot.session) this.#withdraw(slot, slot.session, uri)
  }

  /** Nobody is left who could be told anything under this key. */
  drop(key: string): void {
    this.#standing.delete(key)
  }

  /** A session stands: it is told what to tell of, subscriptions of the one before it included. */
  begin(slot: Slot): void {
    const { session } = slot
    if (session === undefined) return
    this.listen(slot)
    void this.#restore(slot, session)
  }

  /** Sees that the session listens, also where the server has ended it. */
  listen(slot: Slot): void {
    slot.session?.listen(this.#filterOf(slot)).catch((err: unknown) => {
      this.#options.log.debug({ err }, 'server does not announce its changes')
    })
  }

  /** A session is gone. */
  noteLost({ key, logLevel }: Slot): void {
    const standing = this.#standing.get(key)
    if (standing !== undefined) standing.logLevel = logLevel?.level
  }

  /** @throws {AppError} `overloaded` */
  #wish(key: string, asker: Asker, uri: string): Wish {
    const standing = this.#standing.get(key) ?? { uris: new Map(), logLevel: undefined }
    let wish = standing.uris.get(uri)
    if (wish === undefined) {
      if (standing.uris.size >= URIS_MAX) {
        const sentence = `there are ${URIS_MAX} subscriptions on the session with the server already`
        throw new AppError('overloaded', sentence, { outcome: 'not_sent' })
      }
      wish = { askers: [], session: undefined, asked: Promise.resolve(), adopted: false }
      standing.uris.set(uri, wish)
      this.#standing.set(key, standing)
    }
    wish.askers.push(asker)
    return wish
  }

  async #establish(key: string, asker: Asker, uri: string): Promise<void> {
    await this.#options.open(asker)
    const slot = this.#options.find(key)
    if (slot?.session === undefined) throw new AppError('server_lost', 'the session ended at once')
    await this.#ask(slot, slot.session, uri)
  }

  async #restore(slot: Slot, session: Session): Promise<void> {
    const uris = [...(this.#standing.get(slot.key)?.uris ?? [])]
    for (let at = 0; at < uris.length; at += AT_ONCE) {
      const asked = uris.slice(at, at + AT_ONCE).map(async ([uri, wish]) => {
        const before = wish.session
        await this.#ask(slot, session, uri)
        const missed = wish.adopted || (before !== undefined && before !== session)
        wish.adopted = false
        if (missed) this.#options.onMissed(slot.key, uri)
      })
      for (const outcome of await Promise.allSettled(asked)) {
        if (outcome.status === 'fulfilled' || session.lost !== undefined) continue
        this.#options.log.warn({ err: outcome.reason }, 'subscription not restored')
      }
    }
  }

  /** Asks the session for a URI unless it was asked already. */
  #ask(slot: Slot, session: Session, uri: string): Promise<void> {
    const wish = this.#standing.get(slot.key)?.uris.get(uri)
    if (wish === undefined) return Promise.resolve()
    if (wish.session === session) return wish.asked
    wish.session = session
    wish.asked = this.#subscribe(slot, session, uri)
    return wish.asked
  }

  async #subscribe(slot: Slot, session: Session, uri: string): Promise<void> {
    if (slot.agreement?.capabilities.subscribe !== true) {
      throw refusal('the server does not announce changes of its resources')
    }
    if (session.era === 'modern') {
      const granted = await session.listen(this.#filterOf(slot))
      if (!granted.includes(uri)) throw refusal('the server does not grant the subscription')
      return
    }
    const answer = await this.#send(session, 'resources/subscribe', uri)
    if (answer.kind === 'error') throw refusal(readWords(answer) ?? 'the server refused')
  }

  #withdraw(slot: Slot, session: Session, uri: string): void {
    if (session.era === 'modern') this.listen(slot)
    else {
      this.#send(session, 'resources/unsubscribe', uri).catch((err: unknown) => {
        this.#options.log.debug({ err }, 'subscription not withdrawn')
      })
    }
  }

  #send(session: Session, method: string, uri: string): ReturnType<typeof ask> {
    const { clientInfo, answerMs, signal } = this.#options
    const question = { method, params: { uri }, clientInfo, withinMs: answerMs(), cancels: true }
    return ask(session, question, signal)
  }

  #filterOf({ key, agreement }: Slot): ListenFilter {
    const {
      tools = false,
      prompts = false,
      resources = false,
    } = agreement?.capabilities.changes ?? {}
    const uris = [...(this.#standing.get(key)?.uris.keys() ?? [])]
    return { tools, prompts, resources, uris }
  }
}

/** Gives the loss of a session back, and throws what else there is. */
function sessionLost(thrown: unknown): AppError {
  const error = AppError.from(thrown)
  if (error.code !== 'server_lost') throw error
  return error
}

function refusal(words: string): AppError {
  return new AppError('server_protocol', words, { outcome: 'not_sent' })
}
