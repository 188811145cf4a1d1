import type { GroupItem } from '@sallyport/contract/admin'

/** `open`: its breaker is; `below`: fewer than `minHealthy` members are in rotation; `partial`: not all are. */
export type GroupState = 'healthy' | 'partial' | 'below' | 'open'

/** A group as it is now. */
export interface GroupStatus extends GroupItem {
  readonly state: GroupState
}
