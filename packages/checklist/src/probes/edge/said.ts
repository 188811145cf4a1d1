import {
  failed,
  type Finding,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment, GatewayView } from '../../deployment.ts'
import { type HttpAnswer, isAnswer, type Said } from '../../looks/exact-request.ts'

const UNREACHED_REMEDY = 'start what should answer there, or correct its address'

/** What is wrong with an answer, as the rest of a sentence; undefined where nothing is. */
export type Fault = (answer: HttpAnswer, request: string) => string | undefined

/** A probe that needs a gateway that runs; without one it is unproved. */
export function gatewayProbe(
  words: Pick<Probe, 'title' | 'remedy' | 'deadlineMs'>,
  look: (deployment: Running, signal: AbortSignal) => Promise<Finding> | Finding,
): Probe {
  return {
    kind: 'probe',
    ...words,
    look: async (deployment, signal) => {
      const { gateway } = deployment
      if (gateway === undefined) {
        return unproved(
          'gateway',
          deployment.hung ?? 'no gateway runs here that could be asked',
          'start it with `sallyport up`, then run the checklist on the same machine',
        )
      }
      return look({ ...deployment, deployment, gateway }, signal)
    },
  }
}

/** A deployment whose gateway runs. */
export interface Running extends Deployment {
  readonly gateway: GatewayView
  /** The deployment itself, which facts are kept by. */
  readonly deployment: Deployment
}

/** Whether a proxy refuses by itself, as one does that asks for more than a key. */
export function isRefusedInFront({ status, headers }: HttpAnswer): boolean {
  return [400, 401, 403].includes(status) && headers['x-request-id'] === undefined
}

/** As a fault, but of what a proxy lets nobody see: it leaves the judgement open. */
export function hiddenInFront(answer: HttpAnswer): string | undefined {
  if (!isRefusedInFront(answer)) return undefined
  return `answers ${answer.status} by itself, so that what is behind it cannot be seen from here`
}

/**
 * Judges each answer. One fault is a failure; an address that does not answer, holds or slows us down, or is `hidden`,
 * leaves it unproved.
 */
export function judgeSaid(
  all: readonly Said[],
  fault: Fault,
  hidden: Fault = () => undefined,
): Finding {
  const faults: Seen[] = []
  const unknown: Seen[] = []
  const good: Seen[] = []
  for (const { request, reply } of all) {
    const seen = (text: string): Seen => ({ kind: 'http', text: `${request}: ${text}` })
    if (!isAnswer(reply)) unknown.push(seen(reply.unreached))
    else {
      const unseen = hidden(reply, request)
      const wrong = fault(reply, request)
      if (unseen !== undefined) unknown.push(seen(unseen))
      else if (wrong === undefined) good.push(seen(String(reply.status)))
      else if (reply.status === 429) unknown.push(seen('429, so that nothing can be said; wait'))
      else faults.push(seen(wrong))
    }
  }
  if (faults.length > 0) return failed(faults)
  if (unknown.length > 0) {
    return { state: 'unproved', evidence: [...unknown, ...good], remedy: UNREACHED_REMEDY }
  }
  return proved(...good)
}

/** That the answer has this status. */
export function wantsStatus(...wanted: readonly number[]): Fault {
  return ({ status }) =>
    wanted.includes(status) ? undefined : `answers ${status} instead of ${wanted.join(' or ')}`
}

/** All findings as one: the worst state counts, and all is told. */
export function both(...findings: readonly Finding[]): Finding {
  const states = ['failed', 'unproved', 'proved', 'not_applicable'] as const
  const state = states.find((one) => findings.some((finding) => finding.state === one)) ?? 'proved'
  const shown =
    state === 'not_applicable' ? findings : findings.filter((one) => one.state !== 'not_applicable')
  const ordered = [...shown].sort(
    (one, other) => Number(other.state === state) - Number(one.state === state),
  )
  const remedy = ordered.find((one) => one.state === state && one.remedy !== undefined)?.remedy
  return {
    state,
    evidence: ordered.flatMap(({ evidence }) => [...evidence]),
    ...(remedy !== undefined && { remedy }),
  }
}
