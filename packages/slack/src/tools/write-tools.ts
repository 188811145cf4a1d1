import type { SlackTool } from './slack-tool.ts'
import { CANVAS_TOOLS } from './write-canvases.ts'
import { CHANNEL_TOOLS } from './write-channel-tools.ts'
import { EXTRA_TOOLS } from './write-extras.ts'
import { FILE_TOOLS } from './write-files.ts'
import { MESSAGE_TOOLS } from './write-messages.ts'
import { PLACE_TOOLS } from './write-places.ts'
import { REACTION_TOOLS } from './write-reactions.ts'
import { SCHEDULE_TOOLS } from './write-schedule.ts'
import { boundTools, type WriteDeps } from './write-tool.ts'
import { USER_GROUP_TOOLS } from './write-user-groups.ts'

const ALWAYS = [
  ...MESSAGE_TOOLS,
  ...SCHEDULE_TOOLS,
  ...REACTION_TOOLS,
  ...PLACE_TOOLS,
  ...CHANNEL_TOOLS,
  ...EXTRA_TOOLS,
  ...CANVAS_TOOLS,
  ...USER_GROUP_TOOLS,
]

/**
 * Every tool that changes something at Slack, in the order in which they are listed. `SLACK_WRITE_CHANNELS` decides
 * which there are: without it none, and with a list of channels none of those that reach beyond channels.
 */
export function createWriteTools(deps: WriteDeps): readonly SlackTool[] {
  const files = deps.uploads.kinds.length > 0 ? FILE_TOOLS : []
  return boundTools([...ALWAYS, ...files], deps)
}
