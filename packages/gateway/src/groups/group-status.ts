import type { GroupItem } from '@sallyport/contract/admin'

/** A group as it is now, which is shown as it is. */
export type GroupStatus = GroupItem

/** `open`: its breaker is; `below`: fewer than `minHealthy` members are in rotation; `partial`: not all are. */
export type GroupState = GroupItem['state']
