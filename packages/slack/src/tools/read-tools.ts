import { findCanvasSections, listCanvases, readCanvas } from './canvases.ts'
import { channelHistory } from './channel-history.ts'
import { channelInfo, channelMembers } from './channel-info.ts'
import { listEmoji } from './emoji.ts'
import { fileInfo, listFiles } from './files.ts'
import { listChannels } from './list-channels.ts'
import { listWorkspaces } from './list-workspaces.ts'
import { messagePermalink } from './permalink.ts'
import { listBookmarks, listPins } from './pins-and-bookmarks.ts'
import { messageReactions } from './reactions.ts'
import { readFile } from './read-file.ts'
import type { ReadServices } from './read-services.ts'
import { listScheduled } from './scheduled-messages.ts'
import { searchMessages } from './search-messages.ts'
import type { SlackTool } from './slack-tool.ts'
import { threadReplies } from './thread-replies.ts'
import { unreads } from './unreads.ts'
import { listUserGroups } from './user-groups.ts'
import { userProfile } from './user-profile.ts'
import { listUsers, searchUsers } from './users.ts'

/** In the order in which they are listed. */
const READ_TOOLS: readonly ((services: ReadServices) => SlackTool)[] = [
  listWorkspaces,
  listChannels,
  channelInfo,
  channelMembers,
  channelHistory,
  threadReplies,
  searchMessages,
  unreads,
  listUsers,
  searchUsers,
  userProfile,
  messageReactions,
  messagePermalink,
  listScheduled,
  listPins,
  listBookmarks,
  listUserGroups,
  listEmoji,
  listCanvases,
  readCanvas,
  findCanvasSections,
  listFiles,
  fileInfo,
  readFile,
]

/** Every tool that reads. */
export function createReadTools(services: ReadServices): readonly SlackTool[] {
  return READ_TOOLS.map((create) => create(services))
}
