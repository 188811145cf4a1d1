import { CALLER_HEADER, type CallerJudge, toPrincipal } from '@sallyport/kit/callers'
import type { DoorDeps } from '@sallyport/kit/door'

/**
 * Takes the gateway's word for who calls. From anybody else the header means nothing.
 *
 * @param gateway id of the principal whose word counts: the gateway's own token
 */
export function takeWordOf(
  gateway: string,
  judge: Pick<CallerJudge, 'judge'>,
): NonNullable<DoorDeps['spokenFor']> {
  return (req, principal) => {
    if (principal.id !== gateway) return { principal }
    const values = req.headersDistinct[CALLER_HEADER] ?? []
    const asserted = judge.judge(values.length === 1 ? values[0] : undefined)
    return { principal: toPrincipal(asserted), requestId: asserted.requestId }
  }
}
