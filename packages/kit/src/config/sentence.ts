import type { z } from 'zod'

type RawIssue = z.core.$ZodRawIssue
type Issue = z.core.$ZodIssue

/** What a value looks like without saying what it is: it may be a secret. `true` and `false` never are. */
export function shapeOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  if (Array.isArray(value)) return `a list of ${value.length}`
  switch (typeof value) {
    case 'string':
      return value === '' ? 'empty text' : `text of ${counted(value.length, 'character')}`
    case 'number':
      return 'a number'
    case 'boolean':
      return `\`${String(value)}\``
    default:
      return 'a map'
  }
}

function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? '' : 's'}`
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  tuple: 'a list',
}

/** Our sentence for a schema issue; schemas may override it with `error`. Names shapes only. */
export function issueSentence(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'this key is required'
      return `expected ${TYPE_WORDS[issue.expected] ?? issue.expected}, got ${shapeOf(issue.input)}`
    case 'invalid_value': {
      const words = issue.values.map((value) => `\`${String(value)}\``).join(', ')
      const some = issue.values.length > 1 ? 'one of ' : ''
      const got = isSameKind(issue) ? sizeOf(issue.input) : shapeOf(issue.input)
      return `expected ${some}${words}, got ${got}`
    }
    case 'too_small':
      return `must be ${amount('at least', issue.minimum, issue.origin)}, got ${sizeOf(issue.input)}`
    case 'too_big':
      return `must be ${amount('at most', issue.maximum, issue.origin)}, got ${sizeOf(issue.input)}`
    case 'unrecognized_keys':
      return 'unknown key'
    case 'invalid_union':
      return `none of the allowed forms fits, got ${shapeOf(issue.input)}`
    default:
      return `the form is not valid, got ${shapeOf(issue.input)}`
  }
}

/** Whether the value is a number where a number is expected: to say "a number" would not tell. */
function isSameKind({ values, input }: { values: readonly unknown[]; input?: unknown }): boolean {
  return typeof input === 'number' && values.every((value) => typeof value === 'number')
}

/** A number that is beyond its bounds is said: where a number belongs, no secret stands. */
function sizeOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : shapeOf(value)
}

function amount(bound: string, count: number | bigint, origin: string): string {
  if (origin === 'string') return `text of ${bound} ${counted(count, 'character')}`
  if (origin === 'array') return `a list of ${bound} ${count}`
  return `${bound} ${count}`
}

/** What to do about an issue: the schema's own `params.remedy`, or what the kind of issue suggests. */
export function issueRemedy(issue: Issue, missing: boolean): string {
  if (issue.code === 'custom' && typeof issue.params?.['remedy'] === 'string') {
    return issue.params['remedy']
  }
  if (missing) return 'add it'
  switch (issue.code) {
    case 'invalid_type':
      // A schema with a sentence of its own has said what to write.
      if (!issue.message.startsWith(`expected ${TYPE_WORDS[issue.expected]},`))
        return 'write it in that form'
      return TYPE_REMEDIES[issue.expected] ?? 'correct the value'
    case 'invalid_value': {
      const [only, ...others] = issue.values
      if (others.length === 0) return `write ${String(only)}`
      return issue.message.startsWith('expected one of')
        ? 'use one of the listed words'
        : 'write it in that form'
    }
    case 'invalid_union':
      return issue.message.startsWith('none of') ? 'correct the value' : 'write it in that form'
    case 'too_small':
      return boundRemedy(issue.origin, `${issue.minimum} or more`, 'add to it, or remove the key')
    case 'too_big':
      return boundRemedy(issue.origin, `${issue.maximum} or less`, 'shorten it')
    default:
      return 'correct the value'
  }
}

const TYPE_REMEDIES: Readonly<Record<string, string>> = {
  string: 'write it as one text, in quotes',
  number: 'write a number, without quotes',
  int: 'write a whole number, without quotes',
  boolean: 'write true or false, without quotes',
  object: 'write its keys indented below it, or in braces: { key: value }',
  record: 'write its keys indented below it, or in braces: { key: value }',
  array: 'write it as a list, in brackets: [a, b]',
}

function boundRemedy(origin: string, numbers: string, words: string): string {
  if (origin === 'string' || origin === 'array') return words
  return `write ${numbers}`
}
