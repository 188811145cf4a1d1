export { ANSWERS } from './answers/index.ts'
export type { Answer, Finding, Probe, Seen } from './answers/answer.ts'
export { ITEMS, type Item } from './catalogue/index.ts'
export type { Deployment, GatewayView, SlackTeam, SlackView } from './deployment.ts'
export { calendarOf } from './drills/calendar.ts'
export { DRILLS, type DrillId } from './drills/drill.ts'
export { changesOf, type Change } from './engine/changes.ts'
export {
  answerItemId,
  findItem,
  historyOf,
  itemsToExplain,
  type ExplainedAnswer,
  type Explanation,
} from './engine/explain-item.ts'
export { isGood, runCheck, summarise, type CheckRequest } from './engine/run-check.ts'
export { confinedTo, nearOf, selectItems, type Selection } from './engine/select-items.ts'
export { Redactor, redactorOf } from './engine/redact.ts'
export { readFigures, type Figures } from './performance/figures.ts'
