import { z } from 'zod'
import { suggest } from '../config/suggest.ts'
import { AppError } from '../errors.ts'
import { printable } from '../log/printable.ts'
import { type Message, rangeText } from '../mcp/index.ts'

const TOLD_MAX = 3
const NAME_MAX = 60
/** Options and names beyond this many are not spelt out. */
const LISTED_MAX = 20

type Issue = z.core.$ZodIssue

/**
 * The arguments of a call as its tool takes them. What does not fit is told by name, shape and remedy; values are
 * never repeated.
 *
 * @throws {AppError} `request_invalid`, outcome `not_sent`
 */
export function readArguments<Input>(message: Message, input: z.ZodType<Input>): Input {
  const text = rangeText(message.bytes, message.arguments)
  const given: unknown = text === undefined ? {} : JSON.parse(text)
  const { success, data, error } = input.safeParse(given)
  if (success) return data
  const told = error.issues.slice(0, TOLD_MAX).map((issue) => sentenceOf(issue, given, input))
  const left = error.issues.length - told.length
  const more = left > 0 ? [`and ${left} more`] : []
  const sentence = [...new Set(told), ...more].join('; ')
  throw new AppError('request_invalid', sentence, { outcome: 'not_sent' })
}

function sentenceOf(issue: Issue, given: unknown, input: z.ZodType): string {
  const name = nameOf(issue.path)
  switch (issue.code) {
    case 'invalid_type': {
      const shape = shapeOf(at(given, issue.path))
      const wanted = EXPECTED[issue.expected] ?? issue.expected
      return shape === 'nothing'
        ? `${name} is missing; give ${wanted}`
        : `${name} is ${shape}; give ${wanted}`
    }
    case 'unrecognized_keys':
      return unknownKey(issue.keys[0] ?? '', issue.path, input)
    case 'invalid_value':
      return `${name} must be one of ${listed(issue.values.map(String))}`
    case 'too_small':
      return `${name} must ${bound(issue.origin, 'at least', issue.minimum)}`
    case 'too_big':
      return `${name} must ${bound(issue.origin, 'at most', issue.maximum)}`
    default:
      return `${name}: ${issue.message.replace(/(?<!\.)\.$/, '')}`
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function unknownKey(key: string, path: readonly PropertyKey[], input: z.ZodType): string {
  const name = nameOf([...path, key])
  const known = path.length === 0 && input instanceof z.ZodObject ? Object.keys(input.shape) : []
  const meant = suggest(key, known)
  if (meant !== undefined) return `${name} is no argument of this tool; did you mean \`${meant}\`?`
  const takes = known.length === 0 ? 'leave it out' : `it takes ${listed(known)}`
  return `${name} is no argument of this tool; ${takes}`
}

function bound(origin: string, which: string, value: number | bigint): string {
  switch (origin) {
    case 'string':
      return `have ${which} ${value} characters`
    case 'array':
    case 'set':
      return `have ${which} ${value} entries`
    default:
      return `be ${which} ${value}`
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_MAX).map((name) => `\`${printable(name, NAME_MAX)}\``)
  return shown.length < names.length ? `${shown.join(', ')}, ...` : shown.join(', ')
}

function nameOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '`arguments`'
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
  return `\`${printable(text.join('').replace(/^\./, ''), NAME_MAX)}\``
}

function at(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given
  for (const part of path) {
    value = Object.hasOwn(Object(value), part) ? Reflect.get(Object(value), part) : undefined
  }
  return value
}

function shapeOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
