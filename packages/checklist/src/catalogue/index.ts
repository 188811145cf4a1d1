import { DISCORD_ITEMS } from './discord.ts'
import { EXPOSURE } from './exposure.ts'
import { HANGAR } from './hangar.ts'
import type { Item } from './item.ts'
import { SLACK_AFTER } from './slack-after.ts'
import { SLACK_BEFORE } from './slack-before.ts'
import { SYSTEM_BEFORE } from './system-before.ts'
import { SYSTEM_RUNNING } from './system-running.ts'
import { SYSTEM_SIGN_OFF } from './system-sign-off.ts'

export type { Item } from './item.ts'

/** Every box and rule of the seeds, in their order. */
export const ITEMS: readonly Item[] = [
  ...HANGAR,
  ...SYSTEM_BEFORE,
  ...SYSTEM_RUNNING,
  ...SYSTEM_SIGN_OFF,
  ...SLACK_BEFORE,
  ...SLACK_AFTER,
  ...DISCORD_ITEMS,
  ...EXPOSURE,
]
