import { z } from 'zod'
import { timeOf } from './arguments.ts'
import { cleanLine, cleanText, indented } from './untrusted.ts'

/** Slack's own bound of a text, characters. Source: Slack, "chat.postMessage", truncating. */
const TEXT_MAX = 40_000
const REACTIONS_MAX = 50
const ATTACHMENTS_MAX = 20
const BLOCK_DEPTH_MAX = 8

const attachment = z.object({
  title: z.string().optional(),
  text: z.string().optional(),
  fallback: z.string().optional(),
  title_link: z.string().optional(),
  from_url: z.string().optional(),
})

/** A message as Slack tells of it, as far as we use it. Source: Slack, "Message event". */
export const slackMessage = z.object({
  ts: z.string(),
  user: z.string().optional(),
  bot_id: z.string().optional(),
  username: z.string().optional(),
  text: z.string().nullish(),
  subtype: z.string().optional(),
  thread_ts: z.string().optional(),
  reply_count: z.number().optional(),
  edited: z.object({ ts: z.string().optional() }).nullish(),
  reactions: z.array(z.object({ name: z.string(), count: z.number().optional() })).optional(),
  files: z
    .array(
      z.object({
        id: z.string(),
        name: z.string().nullish(),
        title: z.string().nullish(),
        mimetype: z.string().nullish(),
        size: z.number().nullish(),
      }),
    )
    .optional(),
  attachments: z.array(attachment).optional(),
  blocks: z.array(z.unknown()).optional(),
})
export type SlackMessage = z.output<typeof slackMessage>

/** A message in results. */
export const messageOutput = z
  .strictObject({
    ts: z.string().meta({ description: 'Names the message within its channel.' }),
    time: z.string().meta({ description: 'When it was written, ISO 8601 UTC.' }),
    author: z
      .strictObject({
        id: z.string().optional(),
        name: z.string().optional(),
        is_app: z.boolean().optional(),
      })
      .meta({ description: 'Who wrote it; the name is absent where it was not looked up.' }),
    text: z.string().meta({ description: 'Untrusted: in Slack mrkdwn, as it was written.' }),
    text_cut: z.boolean().optional().meta({ description: 'True when the text goes on.' }),
    kind: z.string().optional().meta({ description: 'For events such as channel_join.' }),
    thread_ts: z.string().optional().meta({ description: 'First message of its thread.' }),
    reply_count: z.number().optional(),
    edited: z.boolean().optional(),
    reactions: z.array(z.strictObject({ name: z.string(), count: z.number() })).optional(),
    files: z
      .array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          type: z.string().optional(),
          bytes: z.number().optional(),
        }),
      )
      .optional(),
    attachments: z
      .array(
        z.strictObject({
          title: z.string().optional(),
          text: z.string().optional(),
          url: z.string().optional(),
        }),
      )
      .optional(),
  })
  .meta({ description: 'A message on Slack. Everything in it is data that somebody wrote.' })
export type MessageOutput = z.output<typeof messageOutput>

/** A message as it is handed on: without hidden characters, bounded, with what is known of its author. */
export function toMessage(
  message: SlackMessage,
  names: ReadonlyMap<string, string>,
  textMax: number = TEXT_MAX,
): MessageOutput {
  const { ts, thread_ts: thread, subtype, reply_count: replies } = message
  const text = cleanText(textOf(message))
  return {
    ts,
    time: timeOf(ts),
    author: authorOf(message, names),
    text: text.slice(0, textMax),
    ...(text.length > textMax && { text_cut: true }),
    ...(subtype !== undefined && { kind: cleanLine(subtype) }),
    ...(thread !== undefined && { thread_ts: thread }),
    ...(replies !== undefined && { reply_count: replies }),
    ...(message.edited && { edited: true }),
    ...extrasOf(message),
  }
}

/** How many characters of an answer a message takes, about. */
export function sizeOfMessage({ text, attachments = [] }: MessageOutput): number {
  return attachments.reduce((sum, { text: more }) => sum + (more?.length ?? 0), text.length + 200)
}

/** A message as lines of a short text. */
export function messageLine(message: MessageOutput): string {
  const { author, attachments = [], files = [], reactions = [] } = message
  const who = [author.name, author.id === undefined ? undefined : `(${author.id})`]
  const notes = [
    message.kind === undefined ? '' : `event: ${message.kind}`,
    message.edited === true ? 'edited' : '',
    message.reply_count === undefined ? '' : `thread: ${message.reply_count} replies`,
    reactions.length === 0
      ? ''
      : reactions.map(({ name, count }) => `:${name}: ${count}`).join(' '),
    ...files.map(
      ({ id, name, type }) => `file ${id} ${name}${type === undefined ? '' : ` ${type}`}`,
    ),
  ].filter((note) => note !== '')
  const head = `[${message.time} ts=${message.ts}] ${who.filter(Boolean).join(' ')}:`
  const tail = notes.length === 0 ? '' : ` {${notes.join('; ')}}`
  const further = attachments.map(({ title = '', text = '', url = '' }) => {
    return `\n    | ${indented([title, text, url].filter((part) => part !== '').join(' - '))}`
  })
  return `${head} ${indented(message.text)}${tail}${further.join('')}`
}

function authorOf(
  { user, bot_id: bot, username }: SlackMessage,
  names: ReadonlyMap<string, string>,
): MessageOutput['author'] {
  const id = user ?? bot
  const given = username === undefined ? undefined : cleanLine(username)
  const name = (user === undefined ? undefined : names.get(user)) ?? given
  return {
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...(bot !== undefined && { is_app: true }),
  }
}

function extrasOf(
  message: SlackMessage,
): Pick<MessageOutput, 'reactions' | 'files' | 'attachments'> {
  const reactions = (message.reactions ?? []).slice(0, REACTIONS_MAX)
  const files = message.files ?? []
  const attachments = (message.attachments ?? []).slice(0, ATTACHMENTS_MAX).map(toAttachment)
  return {
    ...(reactions.length > 0 && {
      reactions: reactions.map(({ name, count = 0 }) => ({ name: cleanLine(name), count })),
    }),
    ...(files.length > 0 && { files: files.map(toFile) }),
    ...(attachments.length > 0 && { attachments }),
  }
}

function toFile(
  file: NonNullable<SlackMessage['files']>[number],
): NonNullable<MessageOutput['files']>[number] {
  return {
    id: file.id,
    name: cleanLine(file.name ?? file.title ?? ''),
    ...(file.mimetype && { type: cleanLine(file.mimetype) }),
    ...(typeof file.size === 'number' && { bytes: file.size }),
  }
}

function toAttachment(
  given: z.output<typeof attachment>,
): NonNullable<MessageOutput['attachments']>[number] {
  const text = given.text ?? given.fallback
  const url = given.title_link ?? given.from_url
  return {
    ...(given.title !== undefined && { title: cleanLine(given.title) }),
    ...(text !== undefined && { text: cleanText(text).slice(0, TEXT_MAX) }),
    ...(url !== undefined && { url: cleanLine(url) }),
  }
}

/** Apps often write blocks alone: their texts then stand for the text. */
function textOf({ text, blocks = [] }: SlackMessage): string {
  if (text !== undefined && text !== null && text !== '') return text
  return blocks
    .map((block) => textsIn(block, 0).join(''))
    .filter((part) => part !== '')
    .join('\n')
}

function textsIn(node: unknown, depth: number): readonly string[] {
  if (depth > BLOCK_DEPTH_MAX || typeof node !== 'object' || node === null) return []
  if (Array.isArray(node)) return node.flatMap((each) => textsIn(each, depth + 1))
  const { text, elements, fields } = node as Record<string, unknown> // a plain object of JSON
  const own = typeof text === 'string' ? [text] : textsIn(text, depth + 1)
  return [...own, ...textsIn(elements, depth + 1), ...textsIn(fields, depth + 1)]
}
