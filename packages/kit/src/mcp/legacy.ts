import { type CallAbort, CallController } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import type { Calls } from './calls.ts'
import { fitCapabilities } from './client-abilities.ts'
import { clientOfInitialize } from './client-name.ts'
import { RPC } from './envelope.ts'
import type { Answer, ApplicationFace, McpApplication } from './exchange.ts'
import type { Arrival, Send } from './line.ts'
import { LATEST_LEGACY, LEGACY_VERSIONS, type Message } from './message.ts'
import { paramText } from './json-text.ts'
import { refusalAnswer, unknownMethod } from './reply.ts'
import type { LegacySession, Negotiated } from './session.ts'
import { errorMessage, idOf, resultMessage } from './splice.ts'

/** What the legacy era's messages mean, on any transport. */
export class LegacyTalk {
  readonly #app: McpApplication
  readonly #calls: Calls

  constructor(app: McpApplication, calls: Calls) {
    this.#app = app
    this.#calls = calls
  }

  /**
   * Answers `initialize`: the asked revision when we speak it, else our latest. `open` takes up what was
   * agreed before the answer leaves.
   *
   * Source: MCP 2025-11-25, Lifecycle, "Initialization".
   */
  async initialize(
    arrival: Arrival,
    message: Message,
    open: (negotiated: Negotiated) => void,
    controller: CallAbort = new CallController(),
  ): Promise<Answer> {
    const asked: unknown = JSON.parse(paramText(message, 'protocolVersion') ?? 'null')
    if (typeof asked !== 'string') {
      const text = 'initialize needs params.protocolVersion, a string'
      return { bytes: errorMessage(idOf(message), RPC.invalidParams, text), status: 400 }
    }
    const version = LEGACY_VERSIONS.find((known) => known === asked) ?? LATEST_LEGACY
    const face = await this.#calls.face(arrival, 'legacy', controller)
    const capabilities = fitCapabilities(paramText(message, 'capabilities'))
    open({ version, capabilities, client: clientOfInitialize(message) })
    return { bytes: resultMessage(idOf(message), welcome(version, face)), status: 200 }
  }

  /**
   * What any other message comes to without asking the application: an answer, nothing (undefined), or
   * `request`, which the application is to answer.
   */
  settle(
    message: Message,
    session: LegacySession | undefined,
    arrival: Pick<Arrival, 'scope' | 'caller'>,
  ): Answer | 'request' | undefined {
    switch (message.kind) {
      case 'response':
      case 'error':
        session?.answer(message)
        return undefined
      case 'notification':
        if (session) this.#notified(session, message)
        return undefined
      case 'request':
        return this.#judge(message, session, arrival)
    }
  }

  /** The whole of it, for transports where a message and its answer need nothing in between. */
  async answer(
    arrival: Arrival,
    message: Message,
    session: LegacySession | undefined,
    send: Send | undefined,
  ): Promise<Answer | undefined> {
    const settled = this.settle(message, session, arrival)
    if (settled !== 'request') return settled
    const version = session?.version ?? ''
    const { client } = arrival
    return this.#calls.run(arrival, message, { era: 'legacy', version, session, send, client })
  }

  #notified(session: LegacySession, message: Message): void {
    if (message.method === 'notifications/initialized') return
    if (message.method !== 'notifications/cancelled') return this.#app.notified(session, message)
    const id = paramText(message, 'requestId')
    if (id === undefined) return
    session.live.abort(id, new AppError('cancelled', 'the client cancelled the call'))
  }

  #judge(
    message: Message,
    session: LegacySession | undefined,
    { scope, caller }: Pick<Arrival, 'scope' | 'caller'>,
  ): Answer | 'request' {
    if (message.method === 'ping') {
      return { bytes: resultMessage(idOf(message), '{}'), status: 200 }
    }
    if (!this.#app.handles(message.method, 'legacy', scope, caller.principal))
      return unknownMethod(message, 200)
    if (!session?.ready) {
      const text =
        'there is no session: send initialize first, and its Mcp-Session-Id with the rest'
      return refusalAnswer(message, { status: 400, code: RPC.invalidRequest, message: text })
    }
    if (session.live.isTaken(idOf(message).toString())) {
      const text = 'a request with this id is still being answered'
      return refusalAnswer(message, { status: 400, code: RPC.invalidRequest, message: text })
    }
    return 'request'
  }
}

function welcome(version: string, face: ApplicationFace): string {
  const { capabilities, serverInfo, instructions } = face
  const told = instructions === undefined ? '' : `,"instructions":${JSON.stringify(instructions)}`
  return `{"protocolVersion":"${version}","capabilities":${capabilities},"serverInfo":${JSON.stringify(serverInfo)}${told}}`
}
