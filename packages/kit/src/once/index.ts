export type { Claim } from './claim.ts'
export { type Ending, type KeptAnswer, PAUSED, RELEASED, UNKNOWN } from './ending.ts'
export { type KeyedRun, type KeyedRunLimits, KeyedRuns, type KeyedRunsDeps } from './keyed-runs.ts'
export { OutcomeKeeper } from './outcome-keeper.ts'
