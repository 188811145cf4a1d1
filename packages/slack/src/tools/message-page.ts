import { CHANNEL_KINDS, SLACK_KINDS } from '../directory/channel-entry.ts'
import type { Directories } from '../directory/directories.ts'
import { type MessageOutput, type SlackMessage, sizeOfMessage } from './message.ts'
import type { ReadCall } from './read-call.ts'
import type { ScopeNeed } from './slack-tool.ts'

/** What a token needs to read messages of at least one kind of channel. */
export const HISTORY_NEEDS: readonly ScopeNeed[] = [
  { as: 'bot', anyOf: CHANNEL_KINDS.map((kind) => SLACK_KINDS[kind].historyScope) },
]

/** Source: Slack, "Rate limit changes for non-Marketplace apps" (2025). */
export const UNLISTED_LIMIT_MAX = 15
/** Characters of messages in one answer; it ends with the message that reaches it. */
const CHARACTERS_MAX = 200_000
/** People whose names are looked up for one answer. */
const LOOK_UPS_MAX = 8

/** The first of the messages that fit into one answer: at least one, so that every walk comes to its end. */
export function messagesWithin(
  messages: readonly MessageOutput[],
  charactersMax: number = CHARACTERS_MAX,
): { readonly messages: readonly MessageOutput[]; readonly isCut: boolean } {
  let characters = 0
  const end = messages.findIndex((message) => {
    characters += sizeOfMessage(message)
    return characters > charactersMax
  })
  if (end === -1) return { messages, isCut: false }
  const kept = messages.slice(0, Math.max(1, end))
  return { messages: kept, isCut: kept.length < messages.length }
}

/** Names of those who wrote the messages; an app that Slack limits gets those that are known already. */
export function authorNames(
  call: ReadCall,
  { people }: Pick<Directories, 'people'>,
  messages: readonly Pick<SlackMessage, 'user'>[],
): Promise<ReadonlyMap<string, string>> {
  const ids = messages.flatMap(({ user }) => (user === undefined ? [] : [user]))
  const lookUpsMax = call.isUnlisted ? 0 : LOOK_UPS_MAX
  return people.names(call.workspace, ids, { lookUpsMax, signal: call.signal })
}
