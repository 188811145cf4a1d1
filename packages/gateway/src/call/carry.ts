import { AppError } from '@sallyport/kit/errors'
import {
  type ClientAbilities,
  type Edit,
  type Exchange,
  type Message,
  paramText,
  RPC,
  readClient,
} from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import type { Questions } from '../questions/questions.ts'
import type { Target } from '../routing/target.ts'
import type { Views } from '../routing/view.ts'
import type { UpstreamReply, Upstreams } from '../upstreams/upstream.ts'
import { Attempt, type Wording } from './attempt.ts'
import type { Call, CallHandler, CallResult } from './call.ts'
import { encodeRefusal, encodeReply } from './encode-answer.ts'
import type { ParamEdit } from './encode-request.ts'
import { envelopeFor } from './envelope.ts'
import { judgeHeaders } from './judge-headers.ts'
import { shownNames } from './shown-names.ts'
import type { TaskIds, TaskOwner } from './task-ids.ts'

export interface CarryDeps {
  readonly upstreams: Upstreams
  readonly views: Views
  readonly taskIds: TaskIds
  readonly questions: Questions
  /** JSON text of how the gateway presents itself to servers. */
  readonly clientInfo: string
}

/** The only upstream I/O: sends a call to its server and brings the answer back, questions included. */
export function createCarry(deps: CarryDeps): CallHandler {
  const { questions } = deps
  return (call) => {
    const { exchange, target } = call
    if (!target) return Promise.resolve(unknownName(exchange))
    const headers = judgeHeaders(exchange, target)
    if ('refusal' in headers) return Promise.resolve(headers.refusal)
    const carried = new CarriedCall(deps, call, target, headers.headers)
    return exchange.era === 'modern'
      ? questions.carryModern(carried)
      : questions.carryLegacy(carried)
  }
}

/** A call with what it takes to send it, once or again. */
export interface Carried {
  readonly call: Call
  readonly target: Target
  /**
   * @param params what is added to or replaced in the request's `params`
   * @param member the one member of a group that it goes on with
   */
  attempt(message: Exchange['message'], params: readonly ParamEdit[], member?: string): Attempt
  send(attempt: Attempt): Promise<UpstreamReply>
  /** The server's reply in the client's bytes. */
  finish(reply: UpstreamReply): CallResult
}

class CarriedCall implements Carried, Wording {
  readonly call: Call
  readonly target: Target
  readonly #deps: CarryDeps
  readonly #paramHeaders: Readonly<Record<string, string>>
  readonly #client: ClientAbilities

  constructor(
    deps: CarryDeps,
    call: Call,
    target: Target,
    paramHeaders: Readonly<Record<string, string>>,
  ) {
    this.#deps = deps
    this.call = call
    this.target = target
    this.#paramHeaders = paramHeaders
    this.#client = readClient(call.exchange)
  }

  attempt(
    message: Exchange['message'],
    params: readonly ParamEdit[],
    member = this.target.member,
  ): Attempt {
    const { call, target } = this
    const own = renamed(call.exchange, target)
    const { logLevel } = call.exchange.session ?? this.#client
    return new Attempt(call, target, {
      message,
      params: params.length === 0 ? own : [...own, ...params],
      paramHeaders: this.#paramHeaders,
      logLevel,
      wording: this,
      member,
    })
  }

  envelope(): string {
    return envelopeFor(this.call.exchange, this.target, this.#deps.clientInfo, this.#client)
  }

  retell(told: Message, member = this.target.server): readonly Edit[] {
    const owner = { server: member, principalId: holderOf(this.call.exchange.caller.principal) }
    return retold(this.#deps.taskIds, owner, told)
  }

  /**
   * Repeats once where that is safe: the operator pinned the tool, or a trusted server hinted it. A group has
   * more than one server to do that with, and does it by itself.
   */
  send(attempt: Attempt): Promise<UpstreamReply> {
    return this.#sendOnce(attempt).then(
      (reply) => {
        attempt.arrive()
        return reply
      },
      (thrown: unknown) => this.#sendAgain(attempt, attempt.judge(thrown)),
    )
  }

  #sendOnce(attempt: Attempt): Promise<UpstreamReply> {
    const { caller, session } = this.call.exchange
    attempt.depart()
    const asker = { principal: caller.principal, session }
    return this.#deps.upstreams.call(this.target.server, asker, attempt)
  }

  async #sendAgain(attempt: Attempt, first: AppError): Promise<UpstreamReply> {
    const { repeatable, group } = this.target
    attempt.arrive()
    const may = repeatable && group !== true
    if (!may || first.code !== 'server_lost' || attempt.signal.aborted) throw first
    try {
      return await this.#sendOnce(attempt)
    } catch (thrown) {
      const error = attempt.judge(thrown)
      // A repeat that was not sent says nothing of the first attempt.
      throw first.outcome === 'unknown' ? error.withOutcome('unknown') : error
    } finally {
      attempt.arrive()
    }
  }

  finish(reply: UpstreamReply): CallResult {
    const { call, target } = this
    const { exchange } = call
    if (!exchange.reservation.grow(reply.message.bytes.length)) {
      throw new AppError('overloaded', 'too many bytes are buffered for this key', {
        outcome: 'unknown',
      })
    }
    const from = { exchange, target, member: reply.member }
    return encodeReply(exchange, reply.message, shownNames(from, this.#deps, reply.message))
  }
}

/** Tasks are named in public in notifications, too. */
function retold(taskIds: TaskIds, owner: TaskOwner, told: Message): readonly Edit[] {
  return taskIds.edits(told, owner, told.method.startsWith('notifications/tasks'))
}

/** The server's own names in place of the public ones; nothing where they are the same. */
function renamed({ message }: Exchange, target: Target): readonly ParamEdit[] {
  const text = JSON.stringify(target.name)
  const completes = message.method === 'completion/complete'
  switch (target.kind) {
    case 'tool':
    case 'prompt':
      if (completes) return [{ path: ['ref', 'name'], text }]
      return message.name === target.name ? NO_EDITS : [{ path: ['name'], text }]
    case 'resource':
      if (completes) return [{ path: ['ref', 'uri'], text }]
      return message.uri === target.name ? NO_EDITS : [{ path: ['uri'], text }]
    case 'task':
      return [{ path: ['taskId'], text }]
    case 'other':
      return NO_EDITS
    default:
      return target.kind satisfies never
  }
}

const NO_EDITS: readonly ParamEdit[] = []

/** A missing name and a hidden one are answered alike. Source: MCP, Tools, Prompts, Resources, "Error handling". */
function unknownName(exchange: Exchange): CallResult {
  const { message } = exchange
  switch (message.method) {
    case 'tools/call':
      return encodeRefusal(exchange, RPC.invalidParams, `Unknown tool: ${nameOf(exchange)}`)
    case 'prompts/get':
      return encodeRefusal(exchange, RPC.invalidParams, `Unknown prompt: ${nameOf(exchange)}`)
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe': {
      const code = exchange.era === 'modern' ? RPC.invalidParams : RPC.resourceNotFound
      const uri = message.uri ?? null
      return encodeRefusal(exchange, code, 'Resource not found', { data: { uri } })
    }
    case 'completion/complete':
      return encodeRefusal(exchange, RPC.invalidParams, 'Unknown reference')
    default:
      return encodeRefusal(exchange, RPC.invalidParams, 'Unknown task')
  }
}

function nameOf({ message }: Exchange): string {
  return message.name ?? paramText(message, 'name') ?? '(no name)'
}
