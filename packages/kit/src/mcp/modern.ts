import type { CallAbort } from '../call-signal.ts'
import type { Calls } from './calls.ts'
import { META_SERVER_INFO } from './envelope.ts'
import type { Answer, ApplicationFace, McpApplication } from './exchange.ts'
import type { Arrival, Send } from './line.ts'
import { type Message, MODERN_VERSIONS } from './message.ts'
import { unknownMethod } from './reply.ts'
import { idOf, resultMessage } from './splice.ts'

/** Legacy methods that an application must not bring back. Source: MCP 2026-07-28, Versioning. */
const REMOVED = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
])

/** What the modern era's messages mean, on any transport. */
export class ModernTalk {
  readonly #app: McpApplication
  readonly #calls: Calls

  constructor(app: McpApplication, calls: Calls) {
    this.#app = app
    this.#calls = calls
  }

  /**
   * What a message comes to without asking the application: an answer, nothing (undefined), or who is to
   * answer it. Nothing that a client sends but requests has a meaning of its own.
   */
  settle(
    message: Message,
    { scope, caller }: Pick<Arrival, 'scope' | 'caller'>,
  ): Answer | 'discover' | 'listen' | 'request' | undefined {
    if (message.kind !== 'request') return undefined
    if (message.method === 'server/discover') return 'discover'
    if (message.method === 'subscriptions/listen') return 'listen'
    const handled = this.#app.handles(message.method, 'modern', scope, caller.principal)
    return handled && !REMOVED.has(message.method) ? 'request' : unknownMethod(message, 404)
  }

  /** Answers `server/discover`. */
  async discover(arrival: Arrival, message: Message, controller: CallAbort): Promise<Answer> {
    return answerDiscover(message, await this.#calls.face(arrival, 'modern', controller))
  }

  /** Has the application answer a request. */
  request(
    arrival: Arrival,
    message: Message,
    speech: { readonly version: string; readonly send: Send | undefined },
    controller: CallAbort,
  ): Promise<Answer> {
    const { version, send } = speech
    return this.#calls.run(
      arrival,
      message,
      { era: 'modern', version, session: undefined, send },
      controller,
    )
  }
}

/** The answer to `server/discover`. Source: MCP 2026-07-28, "Discovery". */
export function answerDiscover(message: Message, face: ApplicationFace): Answer {
  const rest = {
    ...(face.instructions === undefined ? {} : { instructions: face.instructions }),
    ttlMs: face.ttlMs,
    cacheScope: 'private',
    _meta: { [META_SERVER_INFO]: face.serverInfo },
  }
  const versions = JSON.stringify(MODERN_VERSIONS)
  const result = `{"resultType":"complete","supportedVersions":${versions},"capabilities":${face.capabilities},${JSON.stringify(rest).slice(1)}`
  return { bytes: resultMessage(idOf(message), result), status: 200 }
}
