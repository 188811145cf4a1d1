import { z } from 'zod'
import { BLOCKS_MAX } from '../guard/blocks.ts'
import { TEXT_CHARS_MAX } from '../guard/message-text.ts'

/** Slack's id of a message: when it was written. */
const TIMESTAMP = /^\d{1,12}\.\d{1,9}$/

/** Where to write. */
export const channelField = z
  .string()
  .min(1)
  .max(120)
  .describe(
    'Channel: its id (C0123ABCD), its name (#bots), or the id of a person for a direct message',
  )

export const timestampField = z
  .string()
  .regex(TIMESTAMP)
  .describe('The message, such as 1712345678.000100')

export const threadField = z
  .string()
  .regex(TIMESTAMP)
  .describe('First message of the thread, such as 1712345678.000100')

export const textField = z
  .string()
  .min(1)
  .max(TEXT_CHARS_MAX)
  .describe(
    `Text in Slack's mrkdwn, at most ${TEXT_CHARS_MAX} characters. Mentions of a whole channel or user group become plain words; links get no preview`,
  )

export const blocksField = z
  .array(z.record(z.string(), z.unknown()))
  .max(BLOCKS_MAX)
  .describe('Block Kit blocks that only show something; text stays what notifications say')

export const userField = z
  .string()
  .regex(/^[UW][A-Z0-9]{1,30}$/)
  .describe('Person, U...')

/** A message that Slack took. */
export const MESSAGE = { channel_id: z.string(), ts: z.string() }

/** Hints of tools that add something. */
export const ADDS = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: true,
} as const
/** Of tools that add what is there once at most. */
export const ADDS_ONCE = { ...ADDS, idempotentHint: true } as const
/** Of tools that overwrite or remove; a second time changes nothing more. */
export const REPLACES = { ...ADDS, destructiveHint: true, idempotentHint: true } as const
