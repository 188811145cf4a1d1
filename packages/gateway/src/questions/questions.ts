import { CallController, type CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import { findMember, type Message, RPC } from '@sallyport/kit/mcp'
import type { CallResult } from '../call/call.ts'
import type { Carried } from '../call/carry.ts'
import { toAnswer } from '../call/encode-answer.ts'
import { type ParamEdit, RETRY_PARAMS, withoutParams } from '../call/encode-request.ts'
import { abilitiesFor } from '../call/envelope.ts'
import { listedRoots } from '../upstreams/own-messages.ts'
import type { QuestionAnswer, UpstreamReply } from '../upstreams/upstream.ts'
import { type Capabilities, mergeNeeds, missingAbilities, needsOf } from './abilities.ts'
import { type AskDeps, askLegacy } from './ask-legacy.ts'
import { Conversation } from './conversation.ts'
import {
  answersOf,
  forwardEdits,
  incapable,
  inputRequired,
  invalidState,
  retryParams,
  unknownQuestion,
} from './encode-questions.ts'
import { ASKING_METHODS, type InputRequired, readInputRequired } from './input-required.ts'
import type { ParkedCall } from './parked-calls.ts'
import { ELICITATION, inEra, type Question, questionOf, ROOTS, saying } from './question.ts'
import { type RequestStates, type Resumption, stateOf } from './request-state.ts'

export interface QuestionsDeps extends AskDeps {
  readonly states: RequestStates
}

/** What a call to a server begins with. */
interface Beginning {
  readonly message: Message
  readonly params: readonly ParamEdit[]
  /** The member of a group that it goes on with. */
  readonly member?: string | undefined
}

/** Rounds of questions in one call of a legacy client; a server that asks more is cut off. */
const ROUNDS_MAX = 32
/** Pages of one refusal that are put to the client. */
const LINKS_MAX = 16
const RETRY_MARK = Buffer.from('"requestState"')
const DECLINED = '{"action":"decline"}'
const DISMISSED = '{"action":"cancel"}'

/**
 * Carries what servers ask in the middle of a call, between all eras: questions on a stream for legacy
 * clients, `input_required` for modern ones, whatever the server speaks.
 *
 * Source: MCP 2025-11-25, Elicitation, Sampling, Roots; 2026-07-28, "Multi round-trip requests".
 */
export class Questions {
  readonly #deps: QuestionsDeps

  constructor(deps: QuestionsDeps) {
    this.#deps = deps
  }

  /** Carries a call of a legacy client, which is asked while its request is open. */
  async carryLegacy(carried: Carried): Promise<CallResult> {
    const { exchange } = carried.call
    const attempt = carried.attempt(exchange.message, [])
    attempt.mayAsk = (message) => this.#refuse(carried, questionOf(message)) === undefined
    let asking: CallController | undefined
    attempt.ask = (message, withdrawn) => {
      asking ??= new CallController()
      return this.#askLegacy(carried, questionOf(message), [asking, withdrawn])
    }
    let reply: UpstreamReply
    try {
      reply = await carried.send(attempt)
    } finally {
      // A server that answers without waiting, or is lost, needs no answer from the person any more.
      asking?.abort(new AppError('cancelled', 'the call is over'))
    }
    for (let round = 0; reply.message.resultType === 'input_required'; round += 1) {
      const asked = this.#read(carried, reply, round)
      const missing = this.#missing(carried, asked.questions)
      if (missing) return incapable(exchange, missing)
      const answers = await this.#resultsFrom(carried, asked.questions)
      reply = await carried.send(
        // The state of the call is with whom it began.
        carried.attempt(exchange.message, retryParams(answers, asked.state), reply.member),
      )
    }
    return carried.finish(reply)
  }

  /** Carries a call of a modern client, or the retry of one. */
  carryModern(carried: Carried): Promise<CallResult> {
    const { exchange } = carried.call
    const { bytes } = exchange.message
    if (!bytes.includes(RETRY_MARK)) {
      return this.#begin(carried, { message: exchange.message, params: [] })
    }
    const state = stateOf(exchange)
    if (state === undefined) return this.#begin(carried, { message: exchange.message, params: [] })
    const resumption =
      typeof state === 'string' ? this.#deps.states.take(exchange, state) : undefined
    if (!resumption) return Promise.resolve(invalidState(exchange))
    const message = withoutParams(exchange.message, RETRY_PARAMS)
    const { member } = resumption
    switch (resumption.kind) {
      case 'again':
        return this.#begin(carried, { message, params: [], member })
      case 'server': {
        const params = resumed(carried, resumption, answersOf(exchange.message))
        return this.#begin(carried, { message, params, member })
      }
      case 'parked': {
        const parked = this.#deps.parked.take(resumption.value ?? '')
        return parked ? this.#resume(carried, parked) : Promise.resolve(invalidState(exchange))
      }
      default:
        return resumption.kind satisfies never
    }
  }

  /** @param round how often the gateway has answered this request of the client itself */
  #begin(carried: Carried, { message, params, member }: Beginning, round = 0): Promise<CallResult> {
    const attempt = carried.attempt(message, params, member)
    const conversation = new Conversation((begun) => {
      attempt.mayAsk = (asked) => this.#refuse(carried, questionOf(asked)) === undefined
      attempt.ask = (asked, withdrawn) =>
        this.#pose(carried, begun, { ...questionOf(asked), withdrawn })
      return carried.send(attempt)
    })
    const { controller } = carried.call.exchange
    return this.#turn(carried, { conversation, attempt, controller }, round)
  }

  async #resume(carried: Carried, parked: ParkedCall): Promise<CallResult> {
    const { exchange } = carried.call
    const { signal } = exchange.controller
    const leave = (): void => parked.controller.abort(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    parked.attempt.listen(exchange)
    parked.attempt.noteIn(carried.call.entry)
    parked.conversation.answer(answersOf(exchange.message))
    try {
      return await this.#turn(carried, parked)
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** Waits for the reply or for questions, whichever the client is to get next. */
  async #turn(
    carried: Carried,
    {
      conversation,
      attempt,
      controller,
    }: Pick<ParkedCall, 'conversation' | 'attempt' | 'controller'>,
    round = 0,
  ): Promise<CallResult> {
    const { exchange } = carried.call
    const turn = await conversation.next()
    if (typeof turn === 'object' && 'missing' in turn) {
      controller.abort(new AppError('cancelled', 'the client lacks an ability the server needs'))
      return incapable(exchange, turn.missing)
    }
    if (turn !== 'questions') return this.#finishModern(carried, turn, round)
    // Who left in the same moment does not come back for it.
    if (controller.signal.aborted) throw attempt.judge(controller.signal.reason)
    attempt.listen(undefined)
    const principalId = exchange.caller.principal.id
    const parked = { conversation, attempt, controller, principalId, bytes: attempt.bytes }
    const value = this.#deps.parked.park(parked)
    const state = this.#deps.states.seal(exchange, { kind: 'parked', value, own: [] })
    return inputRequired(exchange, conversation.open, state)
  }

  #finishModern(
    carried: Carried,
    reply: UpstreamReply,
    round: number,
  ): CallResult | Promise<CallResult> {
    const { message } = reply
    if (message.resultType === 'input_required') return this.#forward(carried, reply, round)
    if (message.kind === 'error') return this.#linkRequired(carried, reply) ?? carried.finish(reply)
    return carried.finish(reply)
  }

  /** Hands a modern server's questions to a modern client, under a state of ours. */
  async #forward(carried: Carried, reply: UpstreamReply, round: number): Promise<CallResult> {
    const { exchange } = carried.call
    const asked = this.#read(carried, reply, round)
    const missing = this.#missing(carried, asked.questions)
    if (missing) return incapable(exchange, missing)
    const own = [...asked.questions]
      .filter(([, question]) => this.#ownAnswer(carried, question))
      .map(([key]) => key)
    const others = new Map(
      [...asked.questions]
        .filter(([key]) => !own.includes(key))
        .map(([key, question]) => [key, this.#shown(carried, question)]),
    )
    const { member } = reply
    const resumption: Resumption = { kind: 'server', value: asked.state, own, member }
    if (others.size === 0 && own.length > 0) {
      const message = withoutParams(exchange.message, RETRY_PARAMS)
      const params = resumed(carried, resumption, new Map())
      return this.#begin(carried, { message, params, member }, round + 1)
    }
    const stateless = asked.state === undefined && own.length === 0 && member === undefined
    const sealed = stateless ? undefined : this.#deps.states.seal(exchange, resumption)
    return {
      answer: toAnswer(
        reply.message.bytes,
        forwardEdits(exchange, reply.message, asked, { others, sealed }),
      ),
      outcome: 'ok',
      code: 'input_required',
    }
  }

  /**
   * A legacy server refused until the user has visited a page: for a modern client that is a question, and
   * its retry the same call once more. The code itself does not exist in the modern era.
   *
   * Source: MCP 2025-11-25, "URL mode elicitation required" (-32042).
   *
   * @throws {AppError} `server_protocol` where it names no page, or a method that may not ask
   */
  #linkRequired(carried: Carried, { message, member }: UpstreamReply): CallResult | undefined {
    const { exchange } = carried.call
    const { bytes, error } = message
    const code = findMember(bytes, error, 'code')
    if (!code || bytes.toString('utf8', code.start, code.end) !== String(RPC.urlElicitation))
      return undefined
    const parsed: unknown = JSON.parse(bytes.toString('utf8', error.start, error.end))
    const listed: unknown = Reflect.get(Object(Reflect.get(Object(parsed), 'data')), 'elicitations')
    const pages = Array.isArray(listed) ? listed.slice(0, LINKS_MAX) : []
    if (pages.length === 0 || !ASKING_METHODS.has(exchange.message.method)) {
      const text = 'the server wants a page to be visited where that cannot be asked'
      throw new AppError('server_protocol', text, { outcome: 'unknown' })
    }
    const questions = new Map(
      pages.map((one: unknown, index): [string, Question] => {
        const params = JSON.stringify({ ...Object(one), mode: 'url' })
        return [`q${index + 1}`, this.#shown(carried, { method: ELICITATION, params })]
      }),
    )
    const missing = this.#missing(carried, questions)
    if (missing) return incapable(exchange, missing)
    const again: Resumption = { kind: 'again', value: undefined, own: [], member }
    const state = this.#deps.states.seal(exchange, again)
    return inputRequired(exchange, questions, state)
  }

  /** @throws {AppError} `server_protocol` where questions have no place */
  #read({ call }: Carried, { message }: UpstreamReply, round: number): InputRequired {
    const { method } = call.exchange.message
    if (!ASKING_METHODS.has(method) || round >= ROUNDS_MAX) {
      const text = round >= ROUNDS_MAX ? `more than ${ROUNDS_MAX} times` : `in answer to ${method}`
      throw new AppError('server_protocol', `the server wants input ${text}`, {
        outcome: 'unknown',
      })
    }
    return readInputRequired(message)
  }

  #missing(
    { call, target }: Carried,
    questions: ReadonlyMap<string, Question>,
  ): Capabilities | undefined {
    const needs = mergeNeeds([...questions.values()].map(needsOf))
    return missingAbilities(needs, abilitiesFor(call.exchange, target))
  }

  /** A question of a legacy server to a modern client: its call is parked until the client comes back. */
  #pose(
    carried: Carried,
    conversation: Conversation,
    question: Question & { readonly withdrawn: CallSignal },
  ): Promise<QuestionAnswer> {
    const refusal = this.#refuse(carried, question)
    if (!refusal) return conversation.pose(this.#shown(carried, question), question.withdrawn)
    // A form that cannot be shown is declined; without anything else the call cannot go on.
    const missing = this.#missing(carried, new Map([['', question]]))
    if (missing && question.method !== ELICITATION) conversation.lack(missing)
    return Promise.resolve(refusal)
  }

  /** @param over each tells when the answer is not waited for any more */
  async #askLegacy(
    carried: Carried,
    question: Question,
    over: readonly CallSignal[],
  ): Promise<QuestionAnswer> {
    const refusal = this.#refuse(carried, question)
    if (refusal) return refusal
    return await askLegacy(carried.call, this.#shown(carried, question), this.#deps, over)
  }

  /** The answer for a client that cannot be asked this; undefined when it can. */
  #refuse(carried: Carried, question: Question): QuestionAnswer | undefined {
    const needs = needsOf(question)
    const { exchange } = carried.call
    if (exchange.era === 'modern' && needs === undefined) return unknownQuestion(question)
    const missing = needs && missingAbilities(needs, abilitiesFor(exchange, carried.target))
    if (!missing) return undefined
    if (question.method === ELICITATION) return { kind: 'result', text: DECLINED }
    return unknownQuestion(question)
  }

  /** Asks all questions of a round at once. The first that fails ends the others, and they are taken back. */
  async #resultsFrom(
    carried: Carried,
    questions: ReadonlyMap<string, Question>,
  ): Promise<Map<string, string>> {
    const round = new CallController()
    const asking = [...questions].map(async ([key, question]) => {
      return [key, await this.#resultFrom(carried, question, round)] as const
    })
    try {
      return new Map(await Promise.all(asking))
    } catch (thrown) {
      round.abort(new AppError('cancelled', 'another question of the same round failed'))
      await Promise.allSettled(asking)
      throw thrown
    }
  }

  /** The result for a modern server; it takes no errors, so who dismisses a form answers with that. */
  async #resultFrom(carried: Carried, question: Question, round: CallSignal): Promise<string> {
    const own = this.#ownAnswer(carried, question)
    if (own !== undefined) return own
    const answer = await askLegacy(carried.call, this.#shown(carried, question), this.#deps, [
      round,
    ])
    if (answer.kind === 'result') return answer.text.toString()
    if (question.method === ELICITATION) return DISMISSED
    throw new AppError('question_unanswered', `the client refused ${question.method}`)
  }

  /** What the gateway answers itself: roots that the operator listed. */
  #ownAnswer(carried: Carried, question: Question): string | undefined {
    return question.method === ROOTS ? listedRoots(carried.target.config.roots) : undefined
  }

  /** The question as the client is asked it: in its era, and saying who asks where servers are many. */
  #shown({ call, target }: Carried, question: Question): Question {
    const { era, scope } = call.exchange
    const own = inEra(question, era)
    return scope === target.server ? own : saying(own, target.server)
  }
}

/** What the server gets with a retry: the client's answers, ours, and its own state. */
function resumed(
  carried: Carried,
  { value, own }: Resumption,
  answers: Map<string, string>,
): readonly ParamEdit[] {
  for (const key of own)
    answers.set(key, listedRoots(carried.target.config.roots) ?? '{"roots":[]}')
  return retryParams(answers, value)
}
