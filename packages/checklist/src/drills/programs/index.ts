import type { DrillId } from '../drill.ts'
import type { DrillProgram } from '../stage.ts'
import { auth } from './auth.ts'
import { coldStart } from './cold-start.ts'
import { failover } from './failover.ts'
import { flood } from './flood.ts'
import { keys } from './keys.ts'
import { recover } from './recover.ts'
import { reload } from './reload.ts'
import { stop } from './stop.ts'
import { stream } from './stream.ts'

/** What each drill does. */
export const PROGRAMS: Readonly<Record<DrillId, DrillProgram>> = {
  failover,
  'cold-start': coldStart,
  flood,
  auth,
  reload,
  recover,
  keys,
  stop,
  stream,
}
