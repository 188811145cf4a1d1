import type { z } from 'zod'

/** One thing that is wrong with what a caller sent. */
export interface InputFault {
  /** Dotted; empty when the input as a whole is meant. */
  readonly key: string
  /** What the value must be and what it looks like, to stand behind the key: `must be ..., got ...`. */
  readonly sentence: string
}

export type InputCheck<Output> =
  | { readonly ok: true; readonly data: Output }
  | { readonly ok: false; readonly faults: readonly [InputFault, ...InputFault[]] }

/** Checks input against a schema. The first fault of each key is told, by shape: values may be secret. */
export function checkInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): InputCheck<z.output<Schema>> {
  const result = schema.safeParse(input, { error: sentenceOf })
  if (result.success) return { ok: true, data: result.data }
  const byKey = new Map<string, InputFault>()
  for (const fault of result.error.issues.flatMap((issue) => faultsOf(issue, input))) {
    if (!byKey.has(fault.key)) byKey.set(fault.key, fault)
  }
  const [first = UNKNOWN_FAULT, ...others] = byKey.values()
  return { ok: false, faults: [first, ...others] }
}

const UNKNOWN_FAULT: InputFault = { key: '', sentence: 'is not valid' }

function faultsOf(issue: z.core.$ZodIssue, input: unknown): InputFault[] {
  const key = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const prefix = key === '' ? '' : `${key}.`
    return issue.keys.map((name) => ({
      key: `${prefix}${name}`,
      sentence: 'is not known here: leave it out',
    }))
  }
  const value = valueAt(input, issue.path)
  if (value === undefined) return [{ key, sentence: 'is missing: give it' }]
  return [{ key, sentence: `${issue.message}, got ${shapeOf(value)}` }]
}

/** For schemas without an `error` of their own. */
function sentenceOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `must be ${bound('at least', Number(issue.minimum), issue.origin)}`
    case 'too_big':
      return `must be ${bound('at most', Number(issue.maximum), issue.origin)}`
    default:
      return 'must have another form'
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
}

function bound(words: string, count: number, origin: string): string {
  if (origin !== 'string') return `${words} ${count}`
  return `text of ${words} ${characters(count)}`
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key] // it has that key
  }
  return value
}

/** What a value looks like without saying what it is. */
function shapeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return value === '' ? 'empty text' : `text of ${characters(value.length)}`
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    default:
      return 'an object'
  }
}

function characters(count: number): string {
  return `${count} character${count === 1 ? '' : 's'}`
}
