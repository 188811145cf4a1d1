import type { ChecklistSettings } from '@sallyport/contract/config'

/** Every drill; a restore, an alert and a rollback come with the deployment kit. */
export const DRILLS = [
  'failover',
  'cold-start',
  'flood',
  'auth',
  'reload',
  'recover',
  'keys',
  'stop',
  'stream',
] as const
export type DrillId = (typeof DRILLS)[number]

/** Those that can try the running gateway itself, with keys of their own. */
export const LIVE_DRILLS = ['auth', 'flood', 'keys'] as const satisfies readonly DrillId[]

/** Why a drill does not concern a deployment; undefined where it does. */
export function needless(
  drill: DrillId,
  { objectives }: Pick<ChecklistSettings, 'objectives'>,
): string | undefined {
  return drill === 'failover' && objectives.critical?.length === 0
    ? '`checklist.objectives.critical` says that none is critical'
    : undefined
}
