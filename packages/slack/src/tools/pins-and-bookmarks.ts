import { z } from 'zod'
import { channelArgument, teamArgument, timeOf } from './arguments.ts'
import { fileLine, fileOutput, slackFile, toFile } from './file-output.ts'
import { messageLine, messageOutput, slackMessage, toMessage } from './message.ts'
import type { ReadServices } from './read-services.ts'
import { readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { answerText, cleanLine, NOTICE } from './untrusted.ts'

/** Source: Slack, "pins.list": a channel has at most 100. */
const PINS_MAX = 100
const BOOKMARKS_MAX = 500
/** Characters of one pinned message. */
const TEXT_MAX = 4_000

const input = z.strictObject({ team_id: teamArgument, channel_id: channelArgument })

const pinsOutput = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  pins: z.array(
    z.strictObject({
      pinned_by: z.string().optional(),
      pinned_at: z.string().optional().meta({ description: 'ISO 8601 UTC.' }),
      message: messageOutput.optional(),
      file: fileOutput.optional(),
    }),
  ),
})

const pinsReply = z.object({
  items: z
    .array(
      z.object({
        created: z.number().optional(),
        created_by: z.string().optional(),
        message: slackMessage.optional(),
        file: slackFile.optional(),
      }),
    )
    .default([]),
})

/** Lists what is pinned to a channel. */
export function listPins(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_pins',
    title: 'List pins of a Slack channel',
    description: 'Lists the messages and files that are pinned to a Slack channel.',
    needs: [{ as: 'bot', anyOf: ['pins:read'] }],
    input,
    output: pinsOutput,
    run: async (given, call, { directories: { channels } }) => {
      const { id } = await channels.resolve(call.workspace, given.channel_id, call.signal)
      const { items } = await call.ask('pins.list', { channel: id }, pinsReply)
      const pins = items.slice(0, PINS_MAX).map(({ created, created_by: by, message, file }) => ({
        ...(by !== undefined && { pinned_by: by }),
        ...(created !== undefined && { pinned_at: timeOf(String(created)) }),
        ...(message !== undefined && { message: toMessage(message, new Map(), TEXT_MAX) }),
        ...(file !== undefined && { file: toFile(file) }),
      }))
      const lines = pins.map(({ message, file }) => {
        if (message !== undefined) return messageLine(message)
        return file === undefined ? 'something else' : fileLine(file)
      })
      const about = { notice: NOTICE, team_id: call.team, channel_id: id }
      const text = answerText(`${pins.length} pins of ${id}.`, lines)
      return { structured: { ...about, pins }, text }
    },
  })
}

const bookmarksOutput = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  bookmarks: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      link: z.string().optional(),
      type: z.string().optional(),
      emoji: z.string().optional(),
    }),
  ),
})

const bookmarksReply = z.object({
  bookmarks: z
    .array(
      z.object({
        id: z.string(),
        title: z.string().nullish(),
        link: z.string().nullish(),
        type: z.string().nullish(),
        emoji: z.string().nullish(),
      }),
    )
    .default([]),
})

/** Lists the bookmarks of a channel. */
export function listBookmarks(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_bookmarks',
    title: 'List bookmarks of a Slack channel',
    description: 'Lists the bookmarks at the top of a Slack channel: titles and links.',
    needs: [{ as: 'bot', anyOf: ['bookmarks:read'] }],
    input,
    output: bookmarksOutput,
    run: async (given, call, { directories: { channels } }) => {
      const { id } = await channels.resolve(call.workspace, given.channel_id, call.signal)
      const reply = await call.ask('bookmarks.list', { channel_id: id }, bookmarksReply)
      const bookmarks = reply.bookmarks.slice(0, BOOKMARKS_MAX).map((each) => ({
        id: each.id,
        title: cleanLine(each.title ?? ''),
        ...(each.link && { link: cleanLine(each.link) }),
        ...(each.type && { type: cleanLine(each.type) }),
        ...(each.emoji && { emoji: cleanLine(each.emoji) }),
      }))
      const lines = bookmarks.map(({ id: mark, title, link = '' }) => `${mark} ${title} ${link}`)
      const about = { notice: NOTICE, team_id: call.team, channel_id: id }
      const text = answerText(`${bookmarks.length} bookmarks of ${id}.`, lines)
      return { structured: { ...about, bookmarks }, text }
    },
  })
}
