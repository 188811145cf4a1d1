import { AppError } from '@sallyport/kit/errors'
import {
  type Exchange,
  idOf,
  LOG_LEVELS,
  toLogLevel,
  paramText,
  readClient,
  resultMessage,
  RPC,
  memberTexts,
  parseText,
} from '@sallyport/kit/mcp'
import type { Views } from '../routing/view.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'
import type { Call, CallHandler, CallResult } from './call.ts'
import { encodeRefusal } from './encode-answer.ts'
import { LIST_TTL_MS } from './face.ts'
import type { ServerMeeting } from './meet-servers.ts'
import { isTaskMethod, listOf } from './methods.ts'
import { TASKS_EXTENSION } from './task-ids.ts'

export interface DispatchDeps {
  readonly views: Views
  readonly meeting: ServerMeeting
  readonly subscriptions: Subscriptions
  /** Sends a call to its server. */
  readonly carry: CallHandler
}

/** Answers what the gateway answers itself; everything else goes to its server. */
export function createDispatch(deps: DispatchDeps): CallHandler {
  return (call) => {
    const { method } = call.exchange.message
    const kind = listOf(method)
    if (kind) return list(call, kind, deps)
    if (isTaskMethod(method) && !mayHaveTasks(call.exchange)) {
      return Promise.resolve(needsTasks(call.exchange))
    }
    switch (method) {
      case 'logging/setLevel':
        return Promise.resolve(setLevel(call.exchange))
      case 'resources/subscribe':
        return call.target ? subscribe(call, deps) : deps.carry(call)
      case 'resources/unsubscribe':
        return Promise.resolve(unsubscribe(call.exchange, deps))
      default:
        return deps.carry(call)
    }
  }
}

async function list(
  { exchange }: Call,
  kind: NonNullable<ReturnType<typeof listOf>>,
  { views, meeting }: DispatchDeps,
): Promise<CallResult> {
  const { principal } = exchange.caller
  const unseen = views.unseen(exchange.scope, principal.sight)
  if (unseen.length > 0) {
    const asker = { principal, session: exchange.session }
    await meeting.meet(unseen, asker, exchange.controller.signal)
  }
  return views.answerList(exchange, kind, LIST_TTL_MS)
}

/** A modern client says with each request which extensions it speaks. */
function mayHaveTasks(exchange: Exchange): boolean {
  if (exchange.era === 'legacy') return true
  const extensions = memberTexts(memberTexts(readClient(exchange).capabilities).get('extensions'))
  return extensions.has(TASKS_EXTENSION)
}

/** Source: MCP Tasks extension, "Capability negotiation"; 2026-07-28, "Error codes", -32021. */
function needsTasks(exchange: Exchange): CallResult {
  const text = `Missing required client capabilities: extensions.${TASKS_EXTENSION}`
  const data = { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } }
  return encodeRefusal(exchange, RPC.missingCapability, text, { status: 400, data })
}

/** Source: MCP 2025-11-25, "Logging". */
function setLevel(exchange: Exchange): CallResult {
  const asked = parseText(paramText(exchange.message, 'level'))
  const level = toLogLevel(asked)
  if (level === undefined) {
    const text = `params.level must be one of ${LOG_LEVELS.join(', ')}`
    return encodeRefusal(exchange, RPC.invalidParams, text)
  }
  if (exchange.session) exchange.session.logLevel = level
  return done(exchange)
}

/** Source: MCP 2025-11-25, Resources, "Subscriptions". */
async function subscribe({ exchange, target }: Call, deps: DispatchDeps): Promise<CallResult> {
  const { session, caller, message, controller } = exchange
  if (!session || !target) throw new AppError('internal', 'a subscription needs a session')
  const asker = { principal: caller.principal, session }
  const watch = { subscriber: session, asker, target, shownUri: message.uri ?? '' }
  await deps.subscriptions.add(watch, controller.signal)
  return done(exchange)
}

function unsubscribe(exchange: Exchange, { subscriptions }: DispatchDeps): CallResult {
  const { session, message } = exchange
  if (session) subscriptions.remove(session, message.uri ?? '')
  return done(exchange)
}

function done(exchange: Exchange): CallResult {
  return {
    answer: { bytes: resultMessage(idOf(exchange.message), '{}'), status: 200 },
    outcome: 'ok',
    code: null,
  }
}
