import { CallController, type CallSignal } from '@sallyport/kit/call-signal'
import { AppError, publicMessage } from '@sallyport/kit/errors'
import { type Era, errorMessage, idOf, type Message, resultMessage, RPC } from '@sallyport/kit/mcp'
import { listedRoots } from './own-messages.ts'
import type { ServerConfig } from './server-config.ts'
import {
  asObject,
  type Exchange,
  readJson,
  readProgressToken,
  type SessionEvents,
} from './session.ts'
import type { Asker, QuestionAnswer } from './upstream.ts'

/** Questions of one server waiting for somebody, per session. */
const QUESTIONS_MAX = 16
const INTERNAL = -32_603
/** Questions to a person. */
const HUMAN: ReadonlySet<string> = new Set(['elicitation/create', 'sampling/createMessage'])
const ID = /^(?:"|-?\d)/

/** What the way in needs of its session. */
export interface IncomingOwner {
  readonly era: Era
  /** The request in flight with this id. */
  find(id: number): Exchange | undefined
  /** All requests in flight. */
  exchanges(): Exchange[]
  /** Sends an answer of ours; `refusal`: it may be dropped when too many are on their way. */
  reply(answer: Buffer, refusal: boolean): void
}

export interface IncomingOptions {
  readonly events: SessionEvents
  readonly roots: ServerConfig['roots']
}

/** Where a message came from: the request whose stream it came on, one that is over, or the open session. */
export type Origin = Exchange | 'over' | 'session'

/** Who answers a question, and for which call; undefined when for none. */
interface Answering {
  readonly exchange: Exchange | undefined
  ask(question: Message, withdrawn: CallSignal): Promise<QuestionAnswer>
}

interface OpenQuestion {
  readonly id: string
  readonly exchange: Exchange | undefined
  /** It came outside any stream: the call is the likeliest, and may end before it is answered. */
  readonly guessed: boolean
  /** Aborted when the server takes it back. */
  readonly withdrawn: CallController
}

/**
 * What a server sends besides answers, on any leg: finds the request that a notification or question belongs
 * to, has questions answered, and tells the session's owner of the rest.
 */
export class Incoming {
  readonly #owner: IncomingOwner
  readonly #options: IncomingOptions
  #open: OpenQuestion[] = []

  constructor(owner: IncomingOwner, options: IncomingOptions) {
    this.#owner = owner
    this.#options = options
  }

  /** A notification; none of them is ever an error. */
  notification(message: Message, origin: Origin): void {
    const { events } = this.#options
    switch (message.method) {
      case 'notifications/tools/list_changed':
        events.onListChanged('tools')
        return
      case 'notifications/prompts/list_changed':
        events.onListChanged('prompts')
        return
      case 'notifications/resources/list_changed':
        events.onListChanged('resources')
        return
      case 'notifications/resources/updated':
        this.#updated(message)
        return
      case 'notifications/progress':
        this.#progress(message)
        return
      case 'notifications/cancelled':
        this.#cancelled(message)
        return
      case 'notifications/subscriptions/acknowledged':
        return
      default:
        this.#other(message, origin)
    }
  }

  /** A request: `ping`, a question, or one that nobody here knows. */
  request(message: Message, origin: Origin): void {
    const id = idOf(message)
    if (this.#owner.era === 'modern' || !ID.test(id.toString('latin1', 0, 2))) {
      this.#options.events.onStray()
    } else if (message.method === 'ping') {
      this.#owner.reply(resultMessage(id, '{}'), true)
    } else {
      this.#question(message, origin)
    }
  }

  #question(message: Message, origin: Origin): void {
    const { roots } = this.#options
    const listed = message.method === 'roots/list' ? listedRoots(roots) : undefined
    if (listed !== undefined) {
      this.#owner.reply(resultMessage(idOf(message), listed), true)
      return
    }
    const found = this.#answerer(message, origin)
    if (found === undefined) {
      this.#owner.reply(this.#unanswered(message, origin), true)
      return
    }
    // Those of calls that are over count no more, and their answers come to nothing.
    this.#open = this.#open.filter((question) => this.#isLive(question))
    if (this.#open.length >= QUESTIONS_MAX) {
      const sentence = `${QUESTIONS_MAX} questions are open already`
      this.#owner.reply(errorMessage(idOf(message), INTERNAL, sentence), true)
      return
    }
    void this.#put(message, found, origin === 'session')
  }

  /** Who answers: the call it belongs to; for roots of the session the client that this is. */
  #answerer(message: Message, origin: Origin): Answering | undefined {
    const wantsRoots = message.method === 'roots/list'
    if (wantsRoots && this.#options.roots !== 'client') return undefined
    if (wantsRoots && origin === 'session' && this.#options.events.onRootsAsked !== undefined) {
      return { exchange: undefined, ask: (...asked) => this.#askRoots(...asked) }
    }
    const exchange = this.#exchangeOf(message, origin)
    const { request } = exchange ?? {}
    if (request?.onQuestion !== undefined) {
      return { exchange, ask: request.onQuestion.bind(request) }
    }
    const { onRootsAsked } = this.#options.events
    return wantsRoots && onRootsAsked ? { exchange: undefined, ask: onRootsAsked } : undefined
  }

  /** Asks for the whole session, lest the answer is lost with a call that ends; else for the likeliest call. */
  async #askRoots(question: Message, withdrawn: CallSignal): Promise<QuestionAnswer> {
    const { onRootsAsked } = this.#options.events
    let failure: unknown
    try {
      if (onRootsAsked !== undefined) return await onRootsAsked(question, withdrawn)
    } catch (thrown) {
      failure = thrown
    }
    const { request } = this.#exchangeOf(question, 'session') ?? {}
    if (withdrawn.aborted || request?.onQuestion === undefined) throw failure
    return request.onQuestion(question, withdrawn)
  }

  /**
   * The call that a question outside any stream belongs to: only when all that is in flight is one client's,
   * lest one is asked in the name of another. Among several it is the newest whose client can be asked.
   */
  #exchangeOf(question: Message, origin: Origin): Exchange | undefined {
    if (origin !== 'session') return origin === 'over' ? undefined : origin
    const calls = this.#callsOfOne()
    const asked = calls.filter(({ request }) => request.onQuestion !== undefined)
    if (calls.length === 1) return asked[0]
    return newestOf(asked.filter(({ request }) => request.canAnswer?.(question) !== false))
  }

  async #put(message: Message, answering: Answering, guessed: boolean): Promise<void> {
    // A copy: the message is a view of a read buffer, and the answer may take minutes.
    const question = copyOf(message)
    const id = idOf(question).toString('latin1')
    const open = { id, exchange: answering.exchange, guessed, withdrawn: new CallController() }
    this.#open.push(open)
    // Any of them may be the one that waits for the person.
    const holds = guessed ? this.#owner.exchanges().map(({ request }) => request.hold?.()) : []
    const answer = await this.#ask(question, answering, open)
    for (const release of holds) release?.()
    const at = this.#open.indexOf(open)
    if (at === -1) return
    this.#open.splice(at, 1)
    // A server whose question names no call may still wait when the likeliest one is over.
    if (guessed || this.#isLive(open)) this.#owner.reply(answer, false)
  }

  async #ask(
    question: Message,
    first: Answering,
    { guessed, withdrawn }: OpenQuestion,
  ): Promise<Buffer> {
    let next: Answering | undefined = first
    while (next !== undefined) {
      const { exchange, ask }: Answering = next
      try {
        return answerMessage(question, await ask(question, withdrawn))
      } catch (thrown) {
        const over = exchange !== undefined && this.#owner.find(exchange.id) !== exchange
        if (!guessed || !over || withdrawn.aborted) {
          return errorMessage(idOf(question), INTERNAL, publicMessage(AppError.from(thrown)))
        }
        // Its call is over, so it was another's, or it can be answered on behalf of another at least.
        next = this.#answerer(question, 'session')
      }
    }
    return this.#unanswered(question, 'session')
  }

  /** Where nobody is asked because it may be another's question, no person is said to have declined. */
  #unanswered(message: Message, origin: Origin): Buffer {
    const { events, roots } = this.#options
    const clients = origin === 'session' && HUMAN.has(message.method) ? this.#clients() : 0
    if (clients <= 1) return unanswered(message, roots)
    events.onUnattributed(message.method, clients)
    const sentence = `calls of ${clients} clients are in flight and the question names none of them`
    return errorMessage(idOf(message), INTERNAL, sentence)
  }

  /** How many clients have calls in flight. */
  #clients(): number {
    const found: Asker[] = []
    for (const { asker } of this.#owner.exchanges()) {
      if (asker !== undefined && !found.some((one) => isSameClient(one, asker))) found.push(asker)
    }
    return found.length
  }

  /** The calls in flight where all of them are one client's; none otherwise. A flood asks for each message. */
  #callsOfOne(): Exchange[] {
    const calls: Exchange[] = []
    for (const exchange of this.#owner.exchanges()) {
      if (exchange.asker === undefined) continue
      if (calls[0] !== undefined && !isSameClient(calls[0].asker, exchange.asker)) return []
      calls.push(exchange)
    }
    return calls
  }

  #isLive({ exchange, guessed }: OpenQuestion): boolean {
    if (exchange === undefined) return true
    if (guessed)
      return this.#owner.exchanges().some(({ asker }) => isSameClient(asker, exchange.asker))
    return this.#owner.find(exchange.id) === exchange
  }

  #progress(message: Message): void {
    const token = readProgressToken(message)
    const exchange = token === undefined ? undefined : this.#owner.find(token)
    exchange?.hear(message)
  }

  #updated(message: Message): void {
    const { bytes, params, uri } = message
    if (uri === undefined) this.#options.events.onStray()
    else {
      const text = bytes.toString('utf8', params.start, params.end)
      this.#options.events.onResourceUpdated(uri, text)
    }
  }

  /** The server takes a question back: so do we, and whatever is answered comes too late. */
  #cancelled(message: Message): void {
    const requestId = asObject(readJson(message, message.params))?.['requestId']
    const at = this.#open.findIndex(({ id }) => id === JSON.stringify(requestId))
    if (at === -1) this.#options.events.onStray()
    else {
      const [taken] = this.#open.splice(at, 1)
      taken?.withdrawn.abort(new AppError('cancelled', 'the server took its question back'))
    }
  }

  /** A log message, or one of an extension: its call's if there is no doubt, else the session's. */
  #other(message: Message, origin: Origin): void {
    const { events } = this.#options
    if (origin === 'over') {
      events.onStray()
    } else if (origin !== 'session') {
      origin.hear(message)
    } else {
      const likeliest = this.#listenerOf(message)
      if (likeliest === undefined) events.onNotification(message)
      else likeliest.hear(message)
    }
  }

  /**
   * Who hears a message outside any stream: the only call in flight; among several of one modern client, which
   * has no other way to hear it, the newest that wants logs.
   */
  #listenerOf({ method }: Message): Exchange | undefined {
    if (method === 'notifications/elicitation/complete') return undefined
    const calls = this.#callsOfOne()
    const [first] = calls
    if (calls.length <= 1) return first
    const modern = first?.asker !== undefined && first.asker.session === undefined
    if (!modern) return undefined
    return newestOf(calls.filter(({ request }) => request.logLevel !== undefined))
  }
}

/** The newest of some calls; undefined without any. */
function newestOf(calls: readonly Exchange[]): Exchange | undefined {
  return calls.toSorted((one, other) => other.id - one.id)[0]
}

/** Alike for modern clients of one principal: nothing of theirs tells them apart. */
function isSameClient(one: Asker | undefined, other: Asker | undefined): boolean {
  return one?.principal.id === other?.principal.id && one?.session?.id === other?.session?.id
}

/** What a server hears that asks when nobody can be asked. Source: MCP 2025-11-25, client features. */
function unanswered(message: Message, roots: ServerConfig['roots']): Buffer {
  const id = idOf(message)
  switch (message.method) {
    case 'elicitation/create':
      return resultMessage(id, '{"action":"decline"}')
    case 'sampling/createMessage':
      return errorMessage(id, RPC.methodNotFound, 'no client can be asked for a sample now')
    case 'roots/list': {
      const offered = roots === 'client'
      const why = offered ? 'no client can be asked for its roots now' : 'no roots are offered'
      return errorMessage(id, RPC.methodNotFound, why)
    }
    default:
      return errorMessage(id, RPC.methodNotFound, 'method not found')
  }
}

function answerMessage(question: Message, { kind, text }: QuestionAnswer): Buffer {
  const id = idOf(question)
  if (kind === 'result') return resultMessage(id, text)
  return Buffer.concat([
    Buffer.from('{"jsonrpc":"2.0","id":'),
    id,
    Buffer.from(',"error":'),
    Buffer.from(text),
    Buffer.from('}'),
  ])
}

function copyOf(message: Message): Message {
  return { ...message, bytes: Buffer.from(message.bytes) }
}
