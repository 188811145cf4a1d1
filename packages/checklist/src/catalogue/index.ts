export type { Item } from './item.ts'
import type { Item } from './item.ts'

/** Every box and rule of the seeds, in their order. */
export const ITEMS: readonly Item[] = []
