import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'
import type { LogFields } from './log.ts'

const REDACTED = '[redacted]'
const DEPTH_MAX = 6
const CAUSES_MAX = 5
const ITEMS_MAX = 50
const STRING_CHARACTERS_MAX = 8_192

// The end of a name decides: apiKey, apikey, x-api-key, SLACK_BOT_TOKEN and set-cookie, but not keyId.
// A harmless name that ends alike is the price of missing none.
const SENSITIVE_NAME =
  /(?:authorization|tokens?|keys?|secrets?|passwords?|passphrase|cookies?|credentials?)$/i
// Also inside text: bearer values, our own keys, and the password of a URL.
const SENSITIVE_TEXT =
  /\b(bearer|basic)\s+[\w.~+/=-]{8,}|\b(sp_[a-z0-9]{8}_)[\w-]{16,}|\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi

/** Fields as they may be written: secrets replaced, errors as plain data with their chain of causes. */
export function redactFields(fields: LogFields): Record<string, unknown> {
  return redactEntries(Object.entries(fields), 0)
}

/** Replaces what looks like a credential inside text. */
export function redactText(text: string): string {
  return text.replace(SENSITIVE_TEXT, (_match, scheme?: string, key?: string, url?: string) =>
    scheme ? `${scheme} ${REDACTED}` : key ? `${key}${REDACTED}` : `${url ?? ''}${REDACTED}@`,
  )
}

function redactEntries(entries: [string, unknown][], depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [name, value] of entries.slice(0, ITEMS_MAX)) {
    // Numbers and flags called `tokens` or `keys` are counts.
    const sensitive =
      SENSITIVE_NAME.test(name) &&
      (typeof value === 'string' || (typeof value === 'object' && value !== null))
    result[name] = sensitive ? REDACTED : redactValue(value, depth + 1)
  }
  return result
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value.slice(0, STRING_CHARACTERS_MAX))
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return REDACTED
  if (value instanceof Error) return describeError(value, CAUSES_MAX)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth > DEPTH_MAX) return '[deeper]'
  if (Array.isArray(value)) {
    return value.slice(0, ITEMS_MAX).map((item: unknown) => redactValue(item, depth + 1))
  }
  return redactEntries(Object.entries(value), depth)
}

function describeError(error: Error, causesLeft: number): Record<string, unknown> {
  const described: Record<string, unknown> = {
    type: error.name,
    message: redactText(error.message),
  }
  if (error instanceof AppError) {
    described['code'] = error.code
    if (error.outcome !== undefined) described['outcome'] = error.outcome
    if (Object.keys(error.details).length > 0) {
      described['details'] = redactEntries(Object.entries(error.details), 1)
    }
  } else if ('code' in error && typeof error.code === 'string') {
    described['code'] = error.code
  }
  if (error.stack !== undefined && needsStack(error)) described['stack'] = redactText(error.stack)
  if (error.cause !== undefined && causesLeft > 0) {
    described['cause'] =
      error.cause instanceof Error
        ? describeError(error.cause, causesLeft - 1)
        : redactValue(error.cause, DEPTH_MAX)
  }
  return described
}

// A rejection or failure is expected: its code and sentence say it all, and its stack only hides them.
function needsStack(error: Error): boolean {
  return !(error instanceof AppError) || error.spec.family === 'defect'
}
