import { z } from 'zod'
import { AppError } from '@sallyport/kit/errors'
import { CURSOR_CHARACTERS_MAX } from '../cursors/cursors.ts'

/** Arguments that several tools take, described once. */
export const teamArgument = z.string().max(40).optional().meta({
  description:
    'Slack workspace id (T...). Needed only when you can use several workspaces; slack_list_workspaces names them.',
})

export const channelArgument = z.string().min(1).max(120).meta({
  description:
    'Channel id (C..., G... or D...) or channel name such as general or #general. An id is faster.',
})

export const userArgument = z
  .string()
  .min(1)
  .max(120)
  .meta({ description: 'User id (U...) or name such as @ana. An id is faster.' })

export const cursorArgument = z.string().min(1).max(CURSOR_CHARACTERS_MAX).optional().meta({
  description:
    'next_cursor of the page before, with otherwise unchanged arguments. Leave out for the first page.',
})

export const messageArgument = z
  .string()
  .regex(/^\d{1,12}\.\d{1,6}$/, 'must be a message timestamp such as 1700000000.000100')
  .meta({ description: 'Timestamp that names the message, such as 1700000000.000100.' })

/** A bound of a window: Slack's own form, or a date. */
export function momentArgument(description: string): z.ZodOptional<z.ZodString> {
  return z
    .string()
    .max(40)
    .regex(
      MOMENT,
      'must be a date such as 2026-11-21 or 2026-11-21T14:00:00Z, or a message timestamp',
    )
    .meta({
      description: `${description} A message timestamp (1700000000.000100) or a UTC date (2026-11-21 or 2026-11-21T14:00:00Z).`,
    })
    .optional()
}

export function limitArgument(fallback: number, max: number): z.ZodDefault<z.ZodInt> {
  return z
    .int()
    .min(1)
    .max(max)
    .meta({ description: 'How many to return at most.' })
    .default(fallback)
}

const TIMESTAMP = /^\d{1,12}(\.\d{1,6})?$/
const MOMENT =
  /^(\d{1,12}(\.\d{1,6})?|\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?)$/

/**
 * A bound of a window as Slack's timestamp. A time without a zone is UTC.
 *
 * @throws {AppError} `request_invalid` for a date that no calendar has
 */
export function toTimestamp(moment: string): string {
  if (TIMESTAMP.test(moment)) return moment
  const zoned = /T/.test(moment) && !/(Z|[+-]\d{2}:\d{2})$/.test(moment) ? `${moment}Z` : moment
  const ms = Date.parse(zoned)
  if (Number.isNaN(ms)) {
    throw new AppError('request_invalid', 'oldest and latest must be dates of the calendar')
  }
  return (ms / 1_000).toFixed(6)
}

/** When a message was written, ISO 8601 UTC; empty for what is no timestamp. */
export function timeOf(ts: string): string {
  const ms = Math.floor(Number(ts) * 1_000)
  return Number.isSafeInteger(ms) && Math.abs(ms) < 8e15 ? new Date(ms).toISOString() : ''
}
