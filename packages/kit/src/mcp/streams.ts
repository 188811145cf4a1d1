import { AppError } from '../errors.ts'
import { META_SUBSCRIPTION } from './envelope.ts'
import type { EventStream } from './event-stream.ts'
import type { LegacySession, LegacySessions } from './sessions.ts'
import { notificationMessage } from './splice.ts'

const PER_PRINCIPAL_MAX = 256
const PER_SESSION_MAX = 4
const TOOLS_CHANGED = 'notifications/tools/list_changed'

interface OpenStream {
  readonly stream: EventStream
  readonly principalId: string
  readonly scope: string
  /** The message that announces changed tools on this stream. */
  readonly changed: Buffer
  readonly session: LegacySession | undefined
  /** Sent before a graceful end; undefined on legacy streams. */
  readonly farewell: Buffer | undefined
}

/** The streams that outlive a request: legacy GET streams and modern subscriptions. */
export class Streams {
  readonly #open = new Set<OpenStream>()
  readonly #perPrincipal = new Map<string, number>()
  readonly #sessions: LegacySessions

  constructor(sessions: LegacySessions) {
    this.#sessions = sessions
  }

  get size(): number {
    return this.#open.size
  }

  /** @throws {AppError} `overloaded` when the principal holds too many streams already */
  assertRoom(principalId: string): void {
    if ((this.#perPrincipal.get(principalId) ?? 0) < PER_PRINCIPAL_MAX) return
    throw new AppError('overloaded', `${PER_PRINCIPAL_MAX} streams are open for this key`)
  }

  /** Keeps a session's stream; the oldest of more than four is ended. */
  addSession(stream: EventStream, session: LegacySession, scope: string): void {
    const changed = notificationMessage(TOOLS_CHANGED)
    session.streams.add(stream)
    const [oldest] = session.streams
    if (oldest && session.streams.size > PER_SESSION_MAX) {
      // At once: one that nobody reads closes later, and must not hide the next oldest.
      session.streams.delete(oldest)
      oldest.end()
    }
    this.#add(
      { stream, principalId: session.principalId, scope, changed, session, farewell: undefined },
      () => session.streams.delete(stream),
    )
  }

  /** Keeps a subscription. `id` is the literal of the listen request's id. */
  addSubscription(
    stream: EventStream,
    owner: { principalId: string; scope: string },
    id: string,
    farewell: Buffer,
  ): void {
    const changed = Buffer.from(
      `{"jsonrpc":"2.0","method":"${TOOLS_CHANGED}","params":{"_meta":{"${META_SUBSCRIPTION}":${id}}}}`,
    )
    this.#add({ stream, ...owner, changed, session: undefined, farewell }, () => undefined)
  }

  /** Tells everyone who sees this server; a session hears it on one stream only. */
  announce(server: string): void {
    const told = new Set<LegacySession>()
    for (const { stream, scope, changed, session } of [...this.#open].toReversed()) {
      if (scope !== '' && scope !== server) continue
      if (session && told.has(session)) continue
      if (stream.send(changed) && session) told.add(session)
    }
  }

  endPrincipal(principalId: string): void {
    for (const { stream, principalId: owner } of this.#open) if (owner === principalId) stream.end()
  }

  /** Ends all streams gracefully: subscriptions get their final result. */
  endAll(): void {
    for (const { stream, farewell } of this.#open) {
      if (farewell) stream.send(farewell)
      stream.end()
    }
  }

  #add(entry: OpenStream, onClose: () => void): void {
    this.#open.add(entry)
    const { principalId, session } = entry
    this.#perPrincipal.set(principalId, (this.#perPrincipal.get(principalId) ?? 0) + 1)
    entry.stream.onClose = () => {
      this.#open.delete(entry)
      const left = (this.#perPrincipal.get(principalId) ?? 1) - 1
      if (left > 0) this.#perPrincipal.set(principalId, left)
      else this.#perPrincipal.delete(principalId)
      // An open stream kept the session from being idle: idleness counts from now.
      if (session) this.#sessions.find(session.id, principalId)
      onClose()
    }
  }
}
