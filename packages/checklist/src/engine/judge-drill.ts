import { failed, type Finding, proved, type Seen, unproved } from '../answers/answer.ts'
import type { Deployment } from '../deployment.ts'
import { isUntried } from '../drills/calls/chosen-call.ts'
import type { DrillId } from '../drills/drill.ts'

/** Where a drill stands: its last run, while that is no older than the calendar allows. */
export async function judgeDrill(deployment: Deployment, drill: DrillId): Promise<Finding> {
  const { book, settings, clock } = deployment
  const remedy = `run \`sallyport drill ${drill}\``
  if (book === undefined)
    return unproved('drill', 'no store is there that could know of drills', remedy)
  const run = (await book.drillRuns()).find((one) => one.drill === drill)
  if (run === undefined) return unproved('drill', `the drill ${drill} was never run`, remedy)
  const figures = run.figures.map(({ name, value, unit }) => `${name} ${value} ${unit}`)
  const seen: Seen[] = [
    { kind: 'drill', text: [`run at ${run.endedAt}`, ...figures].join(', ') },
    ...run.steps.map((text): Seen => ({ kind: 'drill', text })),
  ]
  if (!run.ok) return failed(seen, `mend what it names, then ${remedy}`)
  if (Date.parse(run.endedAt) + settings.drills.everyMs < clock.nowMs()) {
    return {
      state: 'unproved',
      evidence: [{ kind: 'drill', text: 'its last run is overdue' }, ...seen],
      remedy,
    }
  }
  // What it did not try it shows nothing of.
  const untried = run.steps.filter(isUntried)
  if (untried.length > 0) {
    const others = seen.filter(({ text }) => !untried.includes(text))
    const evidence = [...untried.map((text): Seen => ({ kind: 'drill', text })), ...others]
    const name = 'name one of each in `checklist.drills.calls`, or as its `health.call`'
    return { state: 'unproved', evidence, remedy: `${name}, then ${remedy}` }
  }
  return proved(...seen)
}
