import { LOG_LEVELS, type LogLevel } from './exchange.ts'
import { findMember } from './json-text.ts'
import type { Message } from './message.ts'

/** A log level by its name; undefined for anything else. */
export function toLogLevel(name: unknown): LogLevel | undefined {
  return LOG_LEVELS.find((known) => known === name)
}

/** Whether a log message is at least this urgent; one of an unknown level is. */
export function isAtLeast(told: Message, level: LogLevel): boolean {
  const place = findMember(told.bytes, told.params, 'level')
  const text = place && told.bytes.toString('utf8', place.start + 1, place.end - 1)
  const own = toLogLevel(text)
  return own === undefined || LOG_LEVELS.indexOf(own) >= LOG_LEVELS.indexOf(level)
}
