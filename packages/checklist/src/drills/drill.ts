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
