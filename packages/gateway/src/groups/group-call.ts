import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '@sallyport/kit/clock'
import { AppError, type CallOutcome, type ErrorCode } from '@sallyport/kit/errors'
import { partyOf, type Release, type SlotBound } from '@sallyport/kit/limits'
import type { BoundTarget } from '../features/quota/bounds.ts'
import { type Verdict, verdictOf } from '../upstreams/breaker.ts'
import type { Asker, ServerFleet, UpstreamReply, UpstreamRequest } from '../upstreams/upstream.ts'
import type { Group, Wish } from './group.ts'
import type { Member } from './member.ts'

/** Which of a sent call's failures another member may do better. */
const WORTH_REPEATING: ReadonlySet<ErrorCode> = new Set([
  'server_lost',
  'server_unavailable',
  'server_unauthorized',
  'server_protocol',
])
/** What no member can help, also where nothing was sent. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['cancelled', 'deadline_exceeded', 'shutting_down'])

/** What a call must keep at the member it goes to. */
export interface MemberBounds {
  /** Caps that hold it back in the member's queue. */
  slots(target: BoundTarget, tenant: string | null): readonly SlotBound[]
  /** Takes what it costs there; or says why it may not go there now, and takes nothing. */
  take(target: BoundTarget, principalId: string): AppError | undefined
  /** Gives back what a call took that did not reach the member. */
  giveBack(target: BoundTarget, principalId: string): void
}

/** How long a call waits for the lists of a member that nobody met, while others are known to have its tool. */
const MEET_MS = 2_000

export interface GroupCallDeps {
  readonly fleet: Pick<ServerFleet, 'call' | 'warm'>
  readonly bounds: MemberBounds
  readonly clock: Clock
}

/** One call to a group, which moves from member to member where that is safe. Each gets it once at most. */
export class GroupCall {
  readonly #group: Group
  readonly #asker: Asker
  readonly #request: UpstreamRequest
  readonly #deps: GroupCallDeps
  readonly #tried: Member[] = []
  /** Of all tries together. */
  #outcome: CallOutcome = 'not_sent'
  #verdict: Verdict = 'failed'

  constructor(group: Group, asker: Asker, request: UpstreamRequest, deps: GroupCallDeps) {
    this.#group = group
    this.#asker = asker
    this.#request = request
    this.#deps = deps
  }

  /** @throws {AppError} `breaker_open`, `group_unhealthy`, or what the last member failed with */
  async run(): Promise<UpstreamReply> {
    const { member } = this.#request
    if (member !== undefined) return await this.#runAt(member)
    const { clock } = this.#deps
    const { breaker } = this.#group
    const refusal = breaker.enter(clock.monotonicMs(), this.#request)
    if (refusal !== undefined) throw refusal
    let verdict: Verdict = 'none'
    try {
      const unhealthy = breaker.isProbe(this.#request) ? undefined : this.#group.refusal()
      if (unhealthy !== undefined) throw unhealthy
      const reply = await this.#runAnywhere()
      verdict = 'ok'
      return reply
    } catch (thrown) {
      verdict = this.#tried.length === 0 ? 'none' : this.#verdict
      throw thrown
    } finally {
      breaker.settle(verdict, clock.monotonicMs(), this.#request)
    }
  }

  /** Whoever knows the state a call goes on from gets it, whatever the others are like. */
  async #runAt(server: string): Promise<UpstreamReply> {
    const member = this.#group.find(server)
    if (member !== undefined) return await this.#send(member)
    const sentence = 'the server that this call goes on with is no longer there'
    throw new AppError('server_unavailable', sentence, { outcome: 'not_sent' })
  }

  async #runAnywhere(): Promise<UpstreamReply> {
    const { method, name } = this.#request
    const wish: Wish = { method, name, principal: this.#asker.principal }
    let failure: AppError | undefined
    for (;;) {
      const member = this.#group.choose(wish, this.#tried)
      if (member === undefined) throw failure?.withOutcome(this.#outcome) ?? this.#group.exhausted()
      this.#tried.push(member)
      if (this.#group.mustMeet(wish, member)) {
        await this.#meet(member)
        if (!this.#group.mayHave(wish, member)) continue
      }
      try {
        return await this.#send(member)
      } catch (thrown) {
        const error = this.#judge(AppError.from(thrown))
        if (!this.#mayMove(error)) throw error.withOutcome(this.#outcome)
        failure = error
      }
    }
  }

  /** Has a member's lists read, so that the call goes to those who have its tool; what fails is seen by sending. */
  async #meet({ server }: Member): Promise<void> {
    const { signal } = this.#request
    const warming = this.#deps.fleet.warm(server, this.#asker, signal).catch(() => undefined)
    const over = new AbortController()
    const late = wait(MEET_MS, undefined, { ref: false, signal: over.signal }).catch(
      () => undefined,
    ) // the lists came first
    await Promise.race([warming, late])
    over.abort()
  }

  async #send(member: Member): Promise<UpstreamReply> {
    const { server, queue } = member
    const { signal } = this.#request
    const { bounds } = this.#deps
    const { principal } = this.#asker
    const { id, tenant } = principal
    const target = boundTarget(member, this.#request)
    const slots = bounds.slots(target, tenant)
    const entered = queue.enter(id, signal, slots, partyOf(principal))
    const release = typeof entered === 'function' ? entered : await turn(entered)
    try {
      const refusal = bounds.take(target, id)
      if (refusal !== undefined) throw refusal
      this.#request.departTo?.(server, release)
      try {
        const { message, era } = await this.#deps.fleet.call(server, this.#asker, this.#request)
        return { message, era, member: server }
      } catch (thrown) {
        if (AppError.from(thrown).outcome === 'not_sent') bounds.giveBack(target, id)
        throw thrown
      }
    } finally {
      release()
    }
  }

  /** Adds a failed try to what is known of the call. */
  #judge(error: AppError): AppError {
    // Where a member does not say, the call may have reached it.
    const own = error.withOutcome(error.outcome ?? 'unknown')
    if (own.outcome === 'unknown') this.#outcome = 'unknown'
    const verdict = verdictOf(own)
    // Only what failed everywhere for the transport's sake says so of the group.
    if (verdict === 'ok' || this.#verdict === 'failed') this.#verdict = verdict
    return own
  }

  #mayMove({ code, outcome }: AppError): boolean {
    if (this.#request.signal.aborted || FINAL.has(code)) return false
    if (outcome === 'not_sent') return true
    return this.#request.repeatable === true && WORTH_REPEATING.has(code)
  }
}

/** A call as the bounds of a member see it. */
function boundTarget({ config }: Member, request: UpstreamRequest): BoundTarget {
  const { method, name = '', readOnly = false } = request
  const isTask = method.startsWith('tasks/')
  const kind = method === 'tools/call' ? 'tool' : isTask ? 'task' : 'other'
  return { config, kind, name, readOnly }
}

/** @throws {AppError} what it waited for in vain, outcome `not_sent` */
async function turn(entered: Promise<Release>): Promise<Release> {
  try {
    return await entered
  } catch (thrown) {
    throw AppError.from(thrown).withOutcome('not_sent')
  }
}
