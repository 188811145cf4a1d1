import { AppError } from '@sallyport/kit/errors'
import { plainText } from './mentions.ts'

/** Blocks of one message. Source: Slack, chat.postMessage, "blocks". */
export const BLOCKS_MAX = 50
const DEPTH_MAX = 12
/** Of people alone: not of groups. */
const PERSON = /^[UW][A-Z0-9]{1,30}$/

type Json = string | number | boolean | null | readonly Json[] | JsonObject
interface JsonObject {
  readonly [key: string]: Json
}

/** Blocks that only show something. */
const BLOCKS = new Set([
  'section',
  'header',
  'divider',
  'context',
  'image',
  'rich_text',
  'markdown',
  'table',
])
/** What may stand in them. */
const PARTS = new Set([
  ...['mrkdwn', 'plain_text', 'image', 'raw_text'],
  ...[
    'rich_text',
    'rich_text_section',
    'rich_text_list',
    'rich_text_quote',
    'rich_text_preformatted',
  ],
  ...['text', 'link', 'emoji', 'user', 'channel', 'date', 'color', 'broadcast', 'usergroup'],
])
/** Makes Slack, or whoever reads, fetch from an address of the writer's choice, as a link preview would. */
const FETCHED = new Set([
  'image_url',
  'thumb_url',
  'thumbnail_url',
  'video_url',
  'author_icon',
  'icon_url',
])

/**
 * The blocks as they may be posted: mentions of everybody neutralised in all text and in rich text, names in text
 * not turned into mentions, nothing interactive, nothing fetched from elsewhere.
 *
 * Source: Slack, "Block Kit", "Rich text block", "Text object".
 *
 * @throws {AppError} `request_invalid`
 */
export function guardBlocks(blocks: readonly unknown[]): readonly Json[] {
  if (blocks.length > BLOCKS_MAX) throw invalid(`blocks must be at most ${BLOCKS_MAX}`)
  return blocks.map((block, at) => {
    const type = isObject(block) ? block['type'] : undefined
    if (typeof type !== 'string' || !BLOCKS.has(type)) {
      throw invalid(`blocks[${at}].type must be one of ${[...BLOCKS].join(', ')}`)
    }
    return guard(block, `blocks[${at}]`, 0, BLOCKS)
  })
}

function guard(value: unknown, path: string, depth: number, types = PARTS): Json {
  if (depth > DEPTH_MAX) throw invalid(`${path} is nested too deep`)
  if (typeof value === 'string') return plainText(value)
  if (Array.isArray(value)) {
    return value.map((one: unknown, at) => guard(one, `${path}[${at}]`, depth + 1))
  }
  if (isObject(value)) return guardObject(value, path, depth, types)
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
  throw invalid(`${path} is no JSON`)
}

function guardObject(
  given: Readonly<Record<string, unknown>>,
  path: string,
  depth: number,
  types: ReadonlySet<string>,
): JsonObject {
  const { type } = given
  if (type !== undefined && (typeof type !== 'string' || !types.has(type))) {
    throw invalid(
      `${path}.type is none that a message may hold here; only text, links and files are shown`,
    )
  }
  if (type === 'broadcast') return said(given, path, given['range'])
  if (type === 'usergroup') return said(given, path, given['usergroup_id'])
  const { user_id: user } = given
  if (type === 'user' && !(typeof user === 'string' && PERSON.test(user))) {
    return said(given, path, user)
  }
  const kept: Record<string, Json> = {}
  for (const [key, value] of Object.entries(given)) {
    if (FETCHED.has(key)) {
      throw invalid(
        `${path}.${key} would be fetched from elsewhere; name a file of Slack in slack_file`,
      )
    }
    // What nothing is named after has no business here, and would not arrive at Slack as it is.
    if (key === '__proto__') throw invalid(`${path} has a member of no meaning`)
    kept[key] = guard(value, `${path}.${plainText(key)}`, depth + 1)
  }
  return type === 'mrkdwn' ? { ...kept, verbatim: true } : kept
}

/** A mention in rich text as the words that it would have shown. */
function said(
  { style }: Readonly<Record<string, unknown>>,
  path: string,
  what: unknown,
): JsonObject {
  const word = typeof what === 'string' ? what.replaceAll(/[^A-Za-z0-9]/g, '') : ''
  const text = { type: 'text', text: `@\u200b${word}` }
  return style === undefined ? text : { ...text, style: guard(style, `${path}.style`, 0) }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(message: string): AppError {
  return new AppError('request_invalid', message, { outcome: 'not_sent' })
}
