import { AppError } from '@sallyport/kit/errors'
import { defineTool, type ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import { CHANNEL_KINDS, SLACK_KINDS } from '../directory/channel-entry.ts'
import {
  channelArgument,
  cursorArgument,
  limitArgument,
  momentArgument,
  teamArgument,
  toTimestamp,
} from './arguments.ts'
import {
  authorIds,
  type MessageOutput,
  messageLine,
  messageOutput,
  slackMessage,
  toMessage,
} from './message.ts'
import { messagesWithin } from './message-page.ts'
import { pageEnd, pageEndLines, pageOutput } from './page.ts'
import { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import type { SlackContext } from './slack-context.ts'
import { READS, type SlackTool } from './slack-tool.ts'
import { answerText, NOTICE } from './untrusted.ts'

const NAME = 'slack_get_channel_history'
/** Source: Slack, "Rate limit changes for non-Marketplace apps" (2025). */
const UNLISTED_LIMIT_MAX = 15
/** People whose names are looked up for one answer. */
const LOOK_UPS_MAX = 8
/** The end of an open window lies this far ahead, seconds: clocks differ. */
const AHEAD_SECONDS = 3_600

const input = z.strictObject({
  team_id: teamArgument,
  channel_id: channelArgument,
  limit: limitArgument(50, 200),
  oldest: momentArgument('Only messages after this moment.'),
  latest: momentArgument('Only messages before this moment.'),
  cursor: cursorArgument,
})
type Given = z.output<typeof input>

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  messages: z.array(messageOutput).meta({ description: 'Newest first.' }),
  older_hidden: z
    .boolean()
    .optional()
    .meta({ description: 'True when the plan of the workspace hides older messages.' }),
  ...pageOutput,
})

const reply = z.object({
  messages: z.array(slackMessage),
  has_more: z.boolean().optional(),
  is_limited: z.boolean().optional(),
})

/** A window as it was asked for, and the timestamp of the oldest message that was handed out. */
const placeInWindow = z.object({
  o: z.string().optional(),
  l: z.string().optional(),
  at: z.string(),
})

/** Reads a channel's messages, newest first. Replies of threads are not among them. */
export function channelHistory(services: ReadServices): SlackTool {
  return {
    toolset: 'read',
    needs: [{ as: 'bot', anyOf: CHANNEL_KINDS.map((kind) => SLACK_KINDS[kind].historyScope) }],
    tool: defineTool<SlackContext, Given, z.output<typeof output>>({
      name: NAME,
      title: 'Read Slack channel history',
      description:
        'Reads messages of a Slack channel or direct message, newest first, optionally within a window of time. Messages written while you page do not move the pages. For replies of a message with reply_count use slack_get_thread_replies.',
      hints: READS,
      input,
      output,
      run: (given, context) => run(given, context, services),
    }),
  }
}

async function run(
  given: Given,
  context: SlackContext,
  services: ReadServices,
): Promise<ToolOutcome<z.output<typeof output>>> {
  const call = new ReadCall(NAME, context, services, given.team_id)
  const { channels, people } = services.directories
  const { id } = await channels.resolve(call.workspace, given.channel_id, call.signal)
  const place = call.open(given.cursor, [id], placeInWindow)
  const window = windowOf(given, place)
  const limit = call.isUnlisted ? Math.min(given.limit, UNLISTED_LIMIT_MAX) : given.limit
  const args = {
    channel: id,
    limit,
    // Without an end Slack counts some windows from their other side.
    latest: place?.at ?? window.l ?? aheadOf(services.clock.nowMs()),
    ...(window.o !== undefined && { oldest: window.o }),
  }
  const page = await call.ask('conversations.history', args, reply)
  const names = await people.names(call.workspace, authorIds(page.messages), {
    lookUpsMax: call.isUnlisted ? 0 : LOOK_UPS_MAX,
    signal: call.signal,
  })
  const { messages, isCut } = messagesWithin(page.messages.map((each) => toMessage(each, names)))
  const last = messages.at(-1)
  const isMore = last !== undefined && (isCut || page.has_more === true)
  const end = pageEnd(
    { partial: undefined },
    call.seal([id], isMore ? { ...window, at: last.ts } : undefined),
  )
  const { team } = call.workspace.installation
  const hidden = page.is_limited === true && !isMore
  const about = { notice: NOTICE, team_id: team, channel_id: id }
  return {
    structured: {
      ...about,
      messages: [...messages],
      ...(hidden && { older_hidden: true }),
      ...end,
    },
    text: historyText(id, messages, end, hidden),
  }
}

/**
 * The window that is walked through.
 *
 * @throws {AppError} `request_invalid` for a cursor that was returned for another one
 */
function windowOf(
  given: Given,
  place: z.output<typeof placeInWindow> | undefined,
): { readonly o?: string | undefined; readonly l?: string | undefined } {
  const oldest = given.oldest === undefined ? undefined : toTimestamp(given.oldest)
  const latest = given.latest === undefined ? undefined : toTimestamp(given.latest)
  if (place === undefined) return { o: oldest, l: latest }
  const fits =
    (oldest === undefined || oldest === place.o) && (latest === undefined || latest === place.l)
  if (fits) return { o: place.o, l: place.l }
  throw new AppError(
    'request_invalid',
    'cursor was returned for another window of time: pass the same oldest and latest, or leave them or cursor out',
  )
}

function aheadOf(nowMs: number): string {
  return (Math.ceil(nowMs / 1_000) + AHEAD_SECONDS).toFixed(6)
}

function historyText(
  channel: string,
  messages: readonly MessageOutput[],
  end: ReturnType<typeof pageEnd>,
  hidden: boolean,
): string {
  const head = `${messages.length} messages of ${channel}, newest first${end.complete ? '; no older ones in the window' : '; older ones follow'}.`
  const plan = hidden ? ['Older messages are hidden by the plan of the workspace.'] : []
  return answerText(head, messages.map(messageLine), [...plan, ...pageEndLines(end)])
}
