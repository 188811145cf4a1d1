import type { Deployment } from '../deployment.ts'

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
  { settings, config, profile }: Pick<Deployment, 'settings' | 'config' | 'profile'>,
): string | undefined {
  if (drill === 'failover' && settings.objectives.critical?.length === 0) {
    return '`checklist.objectives.critical` says that none is critical'
  }
  if (drill !== 'stream' || config === undefined || profile !== 'local') return undefined
  return config.publicUrl === undefined
    ? 'no `publicUrl` is set: nobody comes through a proxy'
    : undefined
}
