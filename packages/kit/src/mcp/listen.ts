import { META_SERVER_INFO, META_SUBSCRIPTION, RPC } from './envelope.ts'
import { EventStream } from './event-stream.ts'
import type { EdgeLimits, Inbound } from './edge.ts'
import type { Answer, ApplicationFace } from './exchange.ts'
import { paramText } from './legacy.ts'
import { type Message, MODERN_VERSIONS } from './message.ts'
import { sendJson } from './reply.ts'
import { errorMessage, idOf, resultMessage } from './splice.ts'
import type { Streams } from './streams.ts'

/** Answers `server/discover`. Source: MCP 2026-07-28, "Discovery". */
export function answerDiscover(message: Message, face: ApplicationFace): Answer {
  const result = {
    resultType: 'complete',
    supportedVersions: MODERN_VERSIONS,
    capabilities: face.capabilities,
    ...(face.instructions === undefined ? {} : { instructions: face.instructions }),
    ttlMs: face.ttlMs,
    cacheScope: 'private',
    _meta: { [META_SERVER_INFO]: face.serverInfo },
  }
  return { bytes: resultMessage(idOf(message), JSON.stringify(result)), status: 200 }
}

interface ListenDeps {
  readonly face: ApplicationFace
  readonly streams: Streams
  readonly limits: EdgeLimits
}

/**
 * Opens a subscription stream: the acknowledgement with what is granted, then changes, each with the
 * subscription's id; a graceful end sends the final result. With nothing granted it ends at once.
 *
 * Source: MCP 2026-07-28, "Subscriptions".
 */
export function openListen(
  inbound: Inbound,
  message: Message,
  { face, streams, limits }: ListenDeps,
): void {
  const { response, caller, scope, accepts } = inbound
  const refuse = (code: number, text: string) =>
    sendJson(
      response,
      { bytes: errorMessage(idOf(message), code, text), status: 400 },
      caller.requestId,
    )
  if (!accepts.stream) {
    return refuse(RPC.invalidRequest, 'subscriptions/listen needs accept: text/event-stream')
  }
  const filter: unknown = JSON.parse(paramText(message, 'notifications') ?? 'null')
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    return refuse(RPC.invalidParams, 'subscriptions/listen needs params.notifications, an object')
  }
  streams.assertRoom(caller.principal.id)
  // The id travels as the client wrote it: a large number must not lose digits.
  const id = idOf(message).toString()
  const granted = 'toolsListChanged' in filter && filter.toolsListChanged === true
  const serverInfo = JSON.stringify(face.serverInfo)
  const farewell = resultMessage(
    idOf(message),
    `{"resultType":"complete","_meta":{"${META_SUBSCRIPTION}":${id},"${META_SERVER_INFO}":${serverInfo}}}`,
  )
  const stream = new EventStream(response, { 'x-request-id': caller.requestId }, limits)
  const filterText = granted ? '{"toolsListChanged":true}' : '{}'
  stream.send(
    Buffer.from(
      `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":${filterText},"_meta":{"${META_SUBSCRIPTION}":${id}}}}`,
    ),
  )
  if (!granted) {
    stream.send(farewell)
    stream.end()
    return
  }
  streams.addSubscription(stream, { principalId: caller.principal.id, scope }, id, farewell)
}
