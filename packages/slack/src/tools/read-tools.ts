import { channelHistory } from './channel-history.ts'
import { listChannels } from './list-channels.ts'
import type { ReadServices } from './read-services.ts'
import type { SlackTool } from './slack-tool.ts'

/** Every tool that reads, in the order in which they are listed. */
export function createReadTools(services: ReadServices): readonly SlackTool[] {
  return [listChannels, channelHistory].map((create) => create(services))
}
