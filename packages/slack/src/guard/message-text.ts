import { AppError } from '@sallyport/kit/errors'
import { guardBlocks } from './blocks.ts'
import { plainText } from './mentions.ts'

/** Characters of a message: beyond it Slack makes several of one. Source: Slack, chat.postMessage, "Truncating content". */
export const TEXT_CHARS_MAX = 4_000

/**
 * The text of a message as it may be posted.
 *
 * @throws {AppError} `request_invalid`
 */
export function messageText(text: string): string {
  const safe = plainText(text)
  if (safe.length > TEXT_CHARS_MAX) {
    throw new AppError(
      'request_invalid',
      `text must be at most ${TEXT_CHARS_MAX} characters, as Slack makes several messages of more; post them one by one`,
      { outcome: 'not_sent' },
    )
  }
  if (safe.trim() === '') {
    throw new AppError('request_invalid', 'text must hold something to read', {
      outcome: 'not_sent',
    })
  }
  return safe
}

/**
 * What a message says as it may be posted.
 *
 * @throws {AppError} `request_invalid`
 */
export function messageContent({
  text,
  blocks,
}: {
  readonly text: string
  readonly blocks?: readonly Readonly<Record<string, unknown>>[] | undefined
}) {
  const content = { text: messageText(text) }
  return blocks === undefined ? content : { ...content, blocks: guardBlocks(blocks) }
}

/** Sent with every message: no names turned into mentions, no previews of links. */
export const PLAIN_MESSAGE = {
  parse: 'none',
  link_names: false,
  unfurl_links: false,
  unfurl_media: false,
} as const
