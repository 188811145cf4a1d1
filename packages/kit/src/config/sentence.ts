import type { z } from 'zod'

type RawIssue = z.core.$ZodRawIssue
type Issue = z.core.$ZodIssue

/** What a value looks like without saying what it is: it may be a secret. */
export function shapeOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  if (Array.isArray(value)) return `a list of ${value.length}`
  switch (typeof value) {
    case 'string':
      return value === '' ? 'empty text' : `text of ${value.length} characters`
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    default:
      return 'a map'
  }
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
      const got = `${isSameKind(issue) ? 'another number' : shapeOf(issue.input)}`
      return `expected ${some}${words}, got ${got}`
    }
    case 'too_small':
      return `must be ${amount('at least', issue.minimum, issue.origin)}, got ${shapeOf(issue.input)}`
    case 'too_big':
      return `must be ${amount('at most', issue.maximum, issue.origin)}, got ${shapeOf(issue.input)}`
    case 'unrecognized_keys':
      return 'unknown key'
    case 'invalid_union':
      return `none of the allowed forms fits, got ${shapeOf(issue.input)}`
    default:
      return `the form is not valid, got ${shapeOf(issue.input)}`
  }
}

/** Whether the value is a number where a number is expected: to say "got a number" would not tell. */
function isSameKind({ values, input }: { values: readonly unknown[]; input?: unknown }): boolean {
  return typeof input === 'number' && values.every((value) => typeof value === 'number')
}

function amount(bound: string, count: number | bigint, origin: string): string {
  if (origin === 'string') return `text of ${bound} ${count} characters`
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
      if (issue.expected === 'array') return 'write it as a list, in brackets: [a, b]'
      return issue.message.startsWith('expected text')
        ? 'put the value in quotes'
        : 'correct the value'
    case 'invalid_value': {
      const [only, ...others] = issue.values
      return others.length > 0 ? 'use one of the listed words' : `write ${String(only)}`
    }
    case 'too_small':
    case 'too_big':
      return 'choose a value within the bounds of docs/config.md'
    default:
      return 'correct the value'
  }
}
