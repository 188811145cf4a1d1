import type { CallSignal } from '@sallyport/kit/call-signal'
import type { AppError } from '@sallyport/kit/errors'
import type { Era, ListenFilter, Message, Range } from '@sallyport/kit/mcp'
import type { Family } from './era.ts'
import type { Asker, QuestionAnswer, UpstreamRequest } from './upstream.ts'

/** One request on its way through a session: a caller's, or one of our own. */
export interface Exchange {
  readonly request: UpstreamRequest
  /** For whom; undefined for our own. */
  readonly asker?: Asker | undefined
  /** Set by the session that carries it. */
  id: number
  /** Set by the session once bytes left our hands: from then on the server may have acted. */
  handedOver: boolean
  /** The answer, `response` or `error`. Called at most once, as is `fail`. */
  succeed(message: Message): void
  fail(error: AppError): void
  /** A notification that belongs to it. Never throws. */
  hear(message: Message): void
}

/** What a session tells its owner. */
export interface SessionEvents {
  /** The session is over by itself. Called at most once, never after `close`. */
  onLost(error: AppError): void
  /** One of its lists changed; resources stand for their templates too. */
  onListChanged(family: Family): void
  /** A resource that was subscribed to changed; `params` of the notification as JSON text. */
  onResourceUpdated(uri: string, params: string): void
  /** A notification that belongs to no call. A view of a larger buffer: copy what is kept. */
  onNotification(message: Message): void
  /**
   * It asks for roots outside any call, for the whole session. `withdrawn` tells when it takes that back.
   * Undefined: nobody could answer.
   */
  readonly onRootsAsked?:
    | ((question: Message, withdrawn: CallSignal) => Promise<QuestionAnswer>)
    | undefined
  /** A question to a person names no call while calls of several clients are in flight: nobody is asked. */
  onUnattributed(question: string, clients: number): void
  /** A server message that belongs to nothing: unknown or repeated ids, broken JSON. */
  onStray(): void
}

/** A live session with one server, either leg. Used after its handshake, by it before. */
export interface Session {
  readonly era: Era
  readonly version: string
  /** Process id of its child; undefined for remote servers. */
  readonly pid: number | undefined
  /** Grows with everything the server is heard to say. */
  readonly heard: number
  /** Why it ended; undefined while it lives. */
  readonly lost: AppError | undefined
  /** The last lines its child wrote to stderr, without control characters; none of a remote server. */
  readonly lastWords: readonly string[]
  /** Speaks this era from now on. */
  adopt(era: Era, version: string): void
  /** Sends a request. Its outcome arrives at the exchange, never as a throw. */
  send(exchange: Exchange): void
  /** Forgets an exchange; `succeed` and `fail` are not called any more. The server hears of it if `tells`. */
  cancel(exchange: Exchange, tells: boolean): void
  /** Sends a notification of our own; resolves once it is on its way. Failures show at the next request. */
  notify(method: string, params?: object): Promise<void>
  /**
   * Keeps what is named here coming, in place of what was named before and without a gap. A legacy server
   * sends its changes unasked; there it only opens the stream they come on. Resolves to the URIs of the
   * filter that the server grants.
   *
   * @throws {AppError} `server_protocol` when the server refuses, `deadline_exceeded`
   */
  listen(filter: ListenFilter): Promise<readonly string[]>
  /** Ends the session and everything it holds. What is in flight fails for this reason. Safe to call twice. */
  close(reason: string): Promise<void>
}

/** Reads the id literal of an answer; ids of ours are positive integers. Undefined for any other. */
export function readId(message: Message): number | undefined {
  const { start, end } = message.id
  if (start === -1 || end - start > 15) return undefined
  let id = 0
  for (let at = start; at < end; at += 1) {
    const digit = (message.bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return undefined
    id = id * 10 + digit
  }
  return id
}

/**
 * Parses a small part of a server's message. Undefined when it is absent or no JSON: the scan lets control
 * characters inside strings pass, `JSON.parse` does not.
 */
export function readJson(message: Message, range: Range): unknown {
  if (range.start === -1) return undefined
  try {
    return JSON.parse(message.bytes.toString('utf8', range.start, range.end))
  } catch {
    // Whoever asked treats it as absent.
    return undefined
  }
}

/** Narrows parsed JSON to an object. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Record<string, unknown>) : undefined // just checked
}

/** The message of an error answer; undefined when it gives none. */
export function readWords(answer: Message): string | undefined {
  const words = asObject(readJson(answer, answer.error))?.['message']
  return typeof words === 'string' ? words.slice(0, 200) : undefined
}

const TOKEN = Buffer.from('"progressToken"')
const PROGRESS_BYTES_MAX = 64 * 1_024

/**
 * Reads the token of a progress notification: the request id it belongs to. Some servers make a text of it.
 * Undefined for any other.
 */
export function readProgressToken(message: Message): number | undefined {
  const { start, end } = message.params
  if (start === -1 || end - start > PROGRESS_BYTES_MAX) return undefined
  if (message.bytes.subarray(start, end).indexOf(TOKEN) === -1) return undefined
  const token = asObject(readJson(message, message.params))?.['progressToken']
  if (typeof token === 'string' && /^[1-9]\d{0,14}$/.test(token)) return Number(token)
  return typeof token === 'number' ? token : undefined
}
