import type { CallAbort } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import type { Calls } from './calls.ts'
import { clientOfEnvelope } from './client-name.ts'
import { RPC } from './envelope.ts'
import type { Answer, Exchange, ListenFilter, McpApplication } from './exchange.ts'
import type { Arrival, Line } from './line.ts'
import { LATEST_MODERN, type Message } from './message.ts'
import { paramText } from './json-text.ts'
import { refusalAnswer } from './reply.ts'
import { idOf } from './splice.ts'
import type { Streams } from './streams.ts'
import { Subscription } from './subscription.ts'

const URIS_MAX = 1_000

export interface ListenDeps {
  readonly app: McpApplication
  readonly calls: Calls
  readonly streams: Streams
}

/** A subscription that only needs a line to begin on. */
export interface ReadyListen {
  readonly subscription: Subscription
  /** Acknowledges on the line, and goes on there. */
  begin(line: Line): void
}

/**
 * Prepares what `subscriptions/listen` asks for, or answers what is wrong with it. The subscription hears of
 * changes from here on.
 *
 * @throws {AppError} `overloaded` when the principal listens too often already, or the controller's reason
 */
export async function prepareListen(
  arrival: Arrival,
  message: Message,
  { app, calls, streams }: ListenDeps,
  controller: CallAbort,
): Promise<Answer | ReadyListen> {
  const filter = readFilter(paramText(message, 'notifications'))
  if (typeof filter === 'string') {
    const refusal = { status: 400, code: RPC.invalidParams, message: filter }
    return refusalAnswer(message, refusal)
  }
  const { caller, scope, arrivedMs } = arrival
  const client = clientOfEnvelope(message)
  const id = idOf(message).toString()
  const owner = { principal: caller.principal, scope, id, client, arrivedMs }
  const subscription = new Subscription(owner, filter)
  streams.add(subscription)
  try {
    const { signal } = controller
    const who = { principal: caller.principal, signal }
    const [face, granted] = await calls.hold(caller, controller, () =>
      Promise.all([
        app.face(scope, 'modern', who),
        app.listen(subscription, filter, exchangeOf(arrival, message, controller)),
      ]),
    )
    if ('bytes' in granted) {
      subscription.end()
      return granted
    }
    if (signal.aborted) throw signal.reason
    if (subscription.ended) throw new AppError('shutting_down', 'the gateway is stopping')
    const begin = (line: Line): void => {
      subscription.begin(line, granted, face)
      if (streams.finished) subscription.finish()
    }
    return { subscription, begin }
  } catch (error) {
    subscription.end()
    throw error
  }
}

/** The request as the application's steps see it; nothing is sent before the stream stands. */
function exchangeOf(arrival: Arrival, message: Message, controller: CallAbort): Exchange {
  const { caller, scope, headers, reservation, arrivedMs } = arrival
  return {
    ...{ caller, scope, headers, reservation, arrivedMs, message, controller },
    ...{ era: 'modern', version: LATEST_MODERN },
    ...{ session: undefined, ask: undefined, notify: undefined },
  }
}

/** The filter a client asks for, or one sentence on what is wrong with it. */
function readFilter(text: string | undefined): ListenFilter | string {
  const given: unknown = JSON.parse(text ?? 'null')
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return 'subscriptions/listen needs params.notifications, an object'
  }
  const uris = 'resourceSubscriptions' in given ? given.resourceSubscriptions : []
  if (!Array.isArray(uris) || uris.length > URIS_MAX) {
    return `params.notifications.resourceSubscriptions must be a list of at most ${URIS_MAX} URIs`
  }
  if (!uris.every((uri) => typeof uri === 'string')) {
    return 'params.notifications.resourceSubscriptions must hold nothing but URIs'
  }
  return {
    tools: 'toolsListChanged' in given && given.toolsListChanged === true,
    prompts: 'promptsListChanged' in given && given.promptsListChanged === true,
    resources: 'resourcesListChanged' in given && given.resourcesListChanged === true,
    uris: [...new Set<string>(uris)],
  }
}
