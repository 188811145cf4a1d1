import pino, { type Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { AppError } from '../errors.ts'
import type { Log, LogFields } from './log.ts'
import { printable, printableLines } from './printable.ts'
import { redactFields } from './redact.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where lines go; `process.stderr` is one. Written to synchronously, one line a call. */
export interface LogDestination {
  write(text: string): unknown
  readonly isTTY?: boolean
}

export interface LogOptions {
  readonly level: LogLevel
  /** One JSON object a line; otherwise lines for people. */
  readonly json: boolean
  /** Colours in lines for people. Default false. */
  readonly colour?: boolean
  readonly destination: LogDestination
}

/**
 * Opens the log of a process. Holds nothing: lines are handed to `destination` at once.
 *
 * Credentials are replaced here, not at call sites: by field name, by the `Secret` type and by their look
 * inside text. Control characters never reach the destination, whoever sent them.
 */
export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: options.json ? { pid: process.pid } : null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are described by `redactFields` already.
      serializers: { err: (value: unknown) => value },
    },
    { write: options.json ? jsonWriter(options.destination) : humanWriter(options) },
  )
  return new PinoLog(logger)
}

/**
 * The log level named by the environment; absent or empty means `info`.
 *
 * @throws {AppError} `usage` when the value is none of `LOG_LEVELS`
 */
export function parseLogLevel(value: string | undefined): LogLevel {
  if (value === undefined || value === '') return 'info'
  const level = LOG_LEVELS.find((known) => known === value.toLowerCase())
  if (level !== undefined) return level
  throw new AppError(
    'usage',
    `MCP_LOG_LEVEL is "${printable(value, 40)}", which is no level: use one of ${LOG_LEVELS.join(', ')}`,
  )
}

/**
 * Reads `MCP_LOG_LEVEL`, `MCP_JSON_LOGS` and `NO_COLOR`; colours only on a terminal.
 *
 * @throws {AppError} `usage` for a value that is not understood
 */
export function parseLogOptions(
  environment: Readonly<Record<string, string | undefined>>,
  destination: LogDestination,
): LogOptions {
  const json = environment['MCP_JSON_LOGS'] ?? ''
  if (!['', '0', '1', 'false', 'true'].includes(json.toLowerCase())) {
    throw new AppError(
      'usage',
      `MCP_JSON_LOGS is "${printable(json, 40)}", which is no switch: use true or false`,
    )
  }
  return {
    level: parseLogLevel(environment['MCP_LOG_LEVEL']),
    json: ['1', 'true'].includes(json.toLowerCase()),
    colour: destination.isTTY === true && !environment['NO_COLOR'],
    destination,
  }
}

class PinoLog implements Log {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  debug(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug(this.#redact(fields), message)
  }

  info(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled('info')) this.#logger.info(this.#redact(fields), message)
  }

  warn(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled('warn')) this.#logger.warn(this.#redact(fields), message)
  }

  error(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled('error')) this.#logger.error(this.#redact(fields), message)
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger.child(this.#redact(fields)))
  }

  #redact(fields: LogFields): Record<string, unknown> {
    return redactFields(fields, this.#logger.isLevelEnabled('debug'))
  }
}

// JSON escapes C0 by itself; the rest would act on the terminal of whoever reads the file.
const UNESCAPED = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g

function jsonWriter(destination: LogDestination): (line: string) => void {
  return (line) => {
    destination.write(
      line.replace(
        UNESCAPED,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
    )
  }
}

function humanWriter(options: LogOptions): (line: string) => void {
  const format = prettyFactory({
    colorize: options.colour === true,
    singleLine: true,
    errorLikeObjectKeys: ['err'],
    translateTime: false,
    ignore: 'pid,hostname',
  })
  return (line) => {
    // pino writes one object a line
    const fields = sanitize(JSON.parse(line)) as Record<string, unknown>
    const { err, ...others } = fields
    const shown = isStackless(err) ? { ...others, error: errorSentence(err) } : fields
    options.destination.write(format(shown))
  }
}

/** An error as `redactFields` describes it, without stack: an expected failure. */
interface StacklessError {
  readonly message: string
  readonly code?: unknown
  readonly details?: object
  readonly cause?: unknown
}

function isStackless(value: unknown): value is StacklessError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    typeof value.message === 'string' &&
    !('stack' in value)
  )
}

/** Code and message of a failure and of its causes, on one line. */
function errorSentence({ code, message, details, cause }: StacklessError): string {
  const head = code === undefined ? message : `${String(code)}: ${message}`
  const facts = Object.entries(details ?? {}).map(([name, value]) => `${name} ${String(value)}`)
  const sentence = facts.length > 0 ? `${head} (${facts.join(', ')})` : head
  if (cause === undefined) return sentence
  return `${sentence} <- ${isStackless(cause) ? errorSentence(cause) : JSON.stringify(cause)}`
}

// Strings parsed from our own line. A stack keeps its lines, which the formatter indents.
function sanitize(value: unknown, name = ''): unknown {
  if (typeof value === 'string') {
    return name === 'stack' ? printableLines(value, 8_192) : printable(value, 8_192)
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => sanitize(item))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [printable(key, 200), sanitize(item, key)]),
  )
}
