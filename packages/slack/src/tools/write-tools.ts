import type { SlackTool } from './slack-tool.ts'
import { MESSAGE_TOOLS } from './write-messages.ts'
import { boundTools, type WriteDeps } from './write-tool.ts'

/** Every tool that changes something at Slack and may do so by `SLACK_WRITE_CHANNELS`. */
export function createWriteTools(deps: WriteDeps): readonly SlackTool[] {
  return boundTools([...MESSAGE_TOOLS], deps)
}
