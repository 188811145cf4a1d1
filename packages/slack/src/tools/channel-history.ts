import { AppError } from '@sallyport/kit/errors'
import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import {
  channelArgument,
  cursorArgument,
  limitArgument,
  momentArgument,
  teamArgument,
  toTimestamp,
} from './arguments.ts'
import {
  type MessageOutput,
  messageLine,
  messageOutput,
  slackMessage,
  toMessage,
} from './message.ts'
import { authorNames, HISTORY_NEEDS, messagesWithin, UNLISTED_LIMIT_MAX } from './message-page.ts'
import { type PageEnd, pageEnd, pageEndLines, pageOutput } from './page.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { answerText, NOTICE } from './untrusted.ts'

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
  return readTool(services, {
    name: 'slack_get_channel_history',
    title: 'Read Slack channel history',
    description:
      'Reads messages of a Slack channel or direct message, newest first, optionally within a window of time. Messages written while you page do not move the pages. For replies of a message with reply_count use slack_get_thread_replies.',
    needs: HISTORY_NEEDS,
    input,
    output,
    run,
  })
}

async function run(
  given: Given,
  call: ReadCall,
  { directories, clock }: ReadServices,
): Promise<ToolOutcome<z.output<typeof output>>> {
  const { id } = await directories.channels.resolve(call.workspace, given.channel_id, call.signal)
  const place = call.open(given.cursor, [id], placeInWindow)
  const window = windowOf(given, place)
  const args = {
    channel: id,
    limit: call.isUnlisted ? Math.min(given.limit, UNLISTED_LIMIT_MAX) : given.limit,
    // Without an end Slack counts some windows from their other side.
    latest: place?.at ?? window.l ?? aheadOf(clock.nowMs()),
    ...(window.o !== undefined && { oldest: window.o }),
  }
  const page = await call.ask('conversations.history', args, reply)
  const names = await authorNames(call, directories, page.messages)
  const { messages, isCut } = messagesWithin(page.messages.map((each) => toMessage(each, names)))
  const last = messages.at(-1)
  const isMore = isCut || page.has_more === true
  const next = isMore && last !== undefined ? { ...window, at: last.ts } : undefined
  const end = { ...pageEnd({}, call.seal([id], next)), complete: !isMore }
  const hidden = page.is_limited === true && !isMore
  const about = { notice: NOTICE, team_id: call.team, channel_id: id }
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
  end: PageEnd,
  hidden: boolean,
): string {
  const head = `${messages.length} messages of ${channel}, newest first${end.complete ? '; no older ones in the window' : '; older ones follow'}.`
  const plan = hidden ? ['Older messages are hidden by the plan of the workspace.'] : []
  return answerText(head, messages.map(messageLine), [...plan, ...pageEndLines(end)])
}
