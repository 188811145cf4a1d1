import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'
import type { LogFields } from './log.ts'

const REDACTED = '[redacted]'
const DEPTH_MAX = 6
const CAUSES_MAX = 5
const ITEMS_MAX = 50
/** Details hold no errors. */
const PLAIN = { depth: 1, allStacks: false }
const STRING_CHARACTERS_MAX = 8_192

// The end of a name decides: apiKey, apikey, x-api-key, SLACK_BOT_TOKEN and set-cookie, but not keyId.
// A harmless name that ends alike is the price of missing none.
const SENSITIVE_NAME =
  /(?:authorization|tokens?|keys?|secrets?|passwords?|passphrase|cookies?|credentials?)$/i
// Also inside text: bearer values, our own keys, and the password of a URL.
const SENSITIVE_TEXT =
  /\b(bearer|basic)\s+[\w.~+/=-]{8,}|\b(sp_[a-z0-9]{8}_)[\w-]{16,}|\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi

/**
 * Fields as they may be written: secrets replaced, errors as plain data with their chain of causes. Stacks
 * are kept where something unforeseen was thrown; of expected failures only with `allStacks`.
 */
export function redactFields(fields: LogFields, allStacks: boolean): Record<string, unknown> {
  return redactEntries(Object.entries(fields), { depth: 0, allStacks })
}

interface Level {
  readonly depth: number
  readonly allStacks: boolean
}

/** Replaces what looks like a credential inside text. */
export function redactText(text: string): string {
  return text.replace(SENSITIVE_TEXT, (_match, scheme?: string, key?: string, url?: string) =>
    scheme ? `${scheme} ${REDACTED}` : key ? `${key}${REDACTED}` : `${url ?? ''}${REDACTED}@`,
  )
}

function redactEntries(entries: [string, unknown][], level: Level): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  const below = { ...level, depth: level.depth + 1 }
  for (const [name, value] of entries.slice(0, ITEMS_MAX)) {
    // Numbers and flags called `tokens` or `keys` are counts.
    const sensitive =
      SENSITIVE_NAME.test(name) &&
      (typeof value === 'string' || (typeof value === 'object' && value !== null))
    result[name] = sensitive ? REDACTED : redactValue(value, below)
  }
  return result
}

function redactValue(value: unknown, level: Level): unknown {
  if (typeof value === 'string') return redactText(value.slice(0, STRING_CHARACTERS_MAX))
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return REDACTED
  if (value instanceof Error) {
    return describeError(value, CAUSES_MAX, level.allStacks || isUnforeseen(value))
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (level.depth > DEPTH_MAX) return '[deeper]'
  if (Array.isArray(value)) {
    const below = { ...level, depth: level.depth + 1 }
    return value.slice(0, ITEMS_MAX).map((item: unknown) => redactValue(item, below))
  }
  return redactEntries(Object.entries(value), level)
}

function describeError(
  error: Error,
  causesLeft: number,
  withStack: boolean,
): Record<string, unknown> {
  const described: Record<string, unknown> = {
    type: error.name,
    message: redactText(error.message),
  }
  if (error instanceof AppError) {
    described['code'] = error.code
    if (error.outcome !== undefined) described['outcome'] = error.outcome
    if (Object.keys(error.details).length > 0) {
      described['details'] = redactEntries(Object.entries(error.details), PLAIN)
    }
  } else if ('code' in error && typeof error.code === 'string') {
    described['code'] = error.code
  }
  if (error.stack !== undefined && withStack) described['stack'] = redactText(error.stack)
  if (error.cause !== undefined && causesLeft > 0) {
    described['cause'] =
      error.cause instanceof Error
        ? describeError(error.cause, causesLeft - 1, withStack)
        : redactValue(error.cause, { depth: DEPTH_MAX, allStacks: withStack })
  }
  return described
}

// A rejection or failure is expected: its code and the sentences of its causes say it all, and stacks only
// hide them.
function isUnforeseen(error: Error): boolean {
  return !(error instanceof AppError) || error.spec.family === 'defect'
}
