import type { IncomingMessage } from 'node:http'
import { CALLER_HEADER, type CallerJudge, toPrincipal } from '@sallyport/kit/callers'
import type { DoorDeps, DoorPass, DoorVerdict } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'

export interface AssertedCallersDeps {
  readonly judge: Pick<CallerJudge, 'judge'>
  /** Id of the principal whose word about callers counts: the gateway's own token. */
  readonly gateway: string
  readonly door: Pick<DoorDeps, 'rates' | 'overloaded' | 'onRefused'>
}

const HEADER = CALLER_HEADER.toLowerCase()

/**
 * Takes the gateway's word for who calls. From anybody else the header means nothing. The door lets the gateway's
 * token in without counting: rates are those of the callers it speaks for.
 */
export class AssertedCallers {
  readonly #deps: AssertedCallersDeps

  constructor(deps: AssertedCallersDeps) {
    this.#deps = deps
  }

  /** Judges a request that passed the door uncounted. Total: never throws. */
  admit(req: IncomingMessage, pass: DoorPass): DoorVerdict {
    let known = pass
    try {
      if (pass.principal.id === this.#deps.gateway) known = this.#identify(req, pass)
      this.#count(known)
      return { pass: known }
    } catch (thrown) {
      const { address, requestId, principal } = known
      const refuse = AppError.from(thrown)
      this.#deps.door.onRefused(refuse, address, principal, requestId)
      return { refuse, challenge: refuse.spec.http === 401, address, requestId }
    }
  }

  #identify(req: IncomingMessage, { address }: DoorPass): DoorPass {
    const values = req.headersDistinct[HEADER] ?? []
    const asserted = this.#deps.judge.judge(values.length === 1 ? values[0] : undefined)
    return { principal: toPrincipal(asserted), address, requestId: asserted.requestId }
  }

  #count({ principal }: DoorPass): void {
    const { rates, overloaded } = this.#deps.door
    if (overloaded?.() === true) {
      throw new AppError('overloaded', 'the event loop is too slow', { retryAfterMs: 1_000 })
    }
    const { allowed, retryAfterMs } = rates.take(principal.id)
    if (allowed) return
    throw new AppError('rate_limited', 'too many requests; slow down', { retryAfterMs })
  }
}
