import type { DrillDue } from '@sallyport/contract/checklist'
import type { Deployment } from '../deployment.ts'
import { DRILLS, needless } from './drill.ts'

/** When each drill that concerns a deployment was run last and is due next. One that never ran is due now. */
export async function calendarOf(deployment: Deployment): Promise<DrillDue[]> {
  const { book, settings, clock } = deployment
  const runs = (await book?.drillRuns()) ?? []
  const nowMs = clock.nowMs()
  return DRILLS.filter((drill) => needless(drill, deployment) === undefined).map((drill) => {
    const last = runs.find((run) => run.drill === drill)
    const lastMs = last === undefined ? undefined : Date.parse(last.endedAt)
    const nextMs =
      lastMs === undefined || last?.ok !== true ? nowMs : lastMs + settings.drills.everyMs
    return {
      drill,
      lastAt: last?.endedAt ?? null,
      ok: last?.ok ?? null,
      nextAt: new Date(nextMs).toISOString(),
      overdue: nextMs <= nowMs,
    }
  })
}
