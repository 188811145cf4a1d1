import {
  parseCidr,
  parseListen,
  parseOrigin,
  parseWebUrl,
  parsedText,
  refuse,
  textShape,
} from '@sallyport/contract/config'
import { LOG_LEVELS, type LogLevel } from '@sallyport/kit/log'
import { z } from 'zod'

/** Smallest, largest and default value of a whole number. */
export interface NumberBounds {
  readonly min: number
  readonly max: number
  readonly fallback: number
  /** What is counted, such as `milliseconds`. */
  readonly unit: string
}

/** A whole number as text. */
export function wholeNumber(bounds: NumberBounds): z.ZodType<number, string | undefined> {
  const { min, max, fallback, unit } = bounds
  return z
    .string()
    .default(String(fallback))
    .transform((text, context) => {
      const value = /^\d{1,12}$/.test(text.trim()) ? Number(text) : Number.NaN
      if (value >= min && value <= max) return value
      const got = Number.isNaN(value) ? textShape(text) : text
      const message = `expected a whole number of ${unit} from ${min} to ${max}, got ${got}`
      refuse(context, message, `write a number such as ${fallback}, or unset it`)
      return z.NEVER
    })
}

/** What a list in one variable is made of. */
interface ListRule<Value> {
  parse(text: string): Value | undefined
  readonly expected: string
  readonly remedy: string
  readonly max: number
}

/** A list with commas; its parts are trimmed, empty ones left out, repeated ones taken once. */
export function commaList<Value>(rule: ListRule<Value>): z.ZodType<Value[], string> {
  return z.string().transform((text, context): Value[] => {
    const parts = partsOf(text)
    if (parts.length === 0) refuse(context, 'is an empty list', rule.remedy)
    if (parts.length > rule.max) refuse(context, `has more than ${rule.max} entries`, 'shorten it')
    return parts.flatMap((part, index) => {
      const value = rule.parse(part)
      if (value !== undefined) return [value]
      const which = `entry ${index + 1}: expected ${rule.expected}, got ${textShape(part)}`
      refuse(context, which, rule.remedy)
      return []
    })
  })
}

/** The parts of a list with commas, each once. */
export function partsOf(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim())
  return [...new Set(parts.filter((part) => part !== ''))]
}

/** One of some words, in any case. */
export function word<const Word extends string>(
  words: readonly Word[],
  fallback: Word,
): z.ZodType<Word, string | undefined> {
  const listed = words.map((one) => `\`${one}\``).join(', ')
  return parsedText({
    parse: (text) => words.find((one) => one === text.trim().toLowerCase()),
    expected: `one of ${listed}`,
    remedy: `write one of ${listed}, or unset it for \`${fallback}\``,
  }).default(fallback)
}

/** What an OAuth client is called by at Slack, such as `123.456`. */
export const clientId = parsedText({
  parse: (text) => (/^[\x21-\x7e]{1,128}$/.test(text) ? text : undefined),
  expected: 'the client id of a Slack app, without spaces',
  remedy: 'copy it from "Basic Information" of your app at api.slack.com/apps',
})

/** OAuth scopes with commas or spaces between them. Source: RFC 6749 §3.3. */
export const scopes = commaList({
  parse: (text) => (/^[a-z0-9_.-]+(?::[a-z0-9_.-]+)*$/.test(text) ? text : undefined),
  expected: 'a scope such as `channels:read`',
  remedy: 'write them like `channels:read,channels:history,chat:write`',
  max: 200,
})

export const origins = commaList({
  parse: parseOrigin,
  expected: 'an origin',
  remedy:
    'write scheme, host and port of each page that may call, like `https://app.example.com`; `*` is not possible',
  max: 100,
})

export const hosts = commaList({
  parse: (text) => (/^[A-Za-z0-9[](?:[\]A-Za-z0-9.:-]{0,252})$/.test(text) ? text : undefined),
  expected: 'a host name, with a port if need be',
  remedy: 'write them like `mcp.example.com`, without scheme and path',
  max: 100,
})

export const networks = commaList({
  parse: parseCidr,
  expected: 'an IP address or a network',
  remedy: 'write them like `10.0.0.0/8`',
  max: 100,
})

export const host = parsedText({
  parse: (text) => {
    const bare = text.replace(/^\[(.*)\]$/, '$1')
    return parseListen(`${bare.includes(':') ? `[${bare}]` : bare}:1`)?.host || undefined
  },
  expected: 'an IP address or localhost',
  remedy: 'write `127.0.0.1`, or `0.0.0.0` for every interface',
}).default('127.0.0.1')

export const webUrl = parsedText({
  parse: parseWebUrl,
  expected: 'an http or https URL without user, query and fragment',
  remedy: 'write it like `https://slack.example.com`',
})

const LEVEL_WORDS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** The seed's words: `trace` is our `debug`, `fatal` our `error`. */
export const logLevel = word(LEVEL_WORDS, 'info').transform((level): LogLevel => {
  const same = { trace: 'debug', fatal: 'error' } as const
  const ours = level in same ? same[level as keyof typeof same] : level // asked just before
  return LOG_LEVELS.find((known) => known === ours) ?? 'info'
})

export const store = parsedText({
  parse: (text) =>
    /^sqlite:(?!:memory:$)(?!\/\/)./.test(text) || /^postgres(?:ql)?:\/\/./.test(text)
      ? text
      : undefined,
  expected: '`sqlite:<path>` or `postgres://...`',
  remedy: 'write it like `sqlite:./data/slack.db`',
})
