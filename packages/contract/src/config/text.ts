import { z } from 'zod'

/** A text that a parser must accept; `undefined` from the parser refuses it. */
export interface ParsedText<Value> {
  parse(text: string): Value | undefined
  /** What was expected, for `expected ..., got text of 7 characters`. Never holds the value. */
  readonly expected: string
  readonly remedy: string
}

/** Text in the file, a parsed value inside. */
export function parsedText<Value>(rule: ParsedText<Value>): z.ZodType<Value, string> {
  return z.string({ error: wrongKind(rule.expected) }).transform((text, context): Value => {
    const value = rule.parse(text)
    if (value !== undefined) return value
    refuse(context, `expected ${rule.expected}, got ${textShape(text)}`, rule.remedy)
    return z.NEVER
  })
}

/** What a text looks like without saying what it is: `empty text`, `text of 7 characters`. */
export function textShape(text: string): string {
  if (text === '') return 'empty text'
  return `text of ${text.length} character${text.length === 1 ? '' : 's'}`
}

/**
 * The error of a schema, or of a union, for a value of another kind: `expected ..., got a number`. That there
 * is no value at all is said by its key.
 */
export function wrongKind(expected: string): (issue: { input?: unknown }) => string | undefined {
  return ({ input }) => {
    if (input === undefined) return undefined
    return `expected ${expected}, got ${typeof input === 'string' ? textShape(input) : foreignShape(input)}`
  }
}

/** What a value that is no text looks like. */
export function foreignShape(value: unknown): string {
  if (typeof value === 'number') return 'a number'
  if (typeof value === 'boolean') return `\`${String(value)}\``
  if (value === null) return 'an empty value'
  return Array.isArray(value) ? 'a list' : 'a map'
}

/** The part of a refinement context that {@link refuse} needs. */
export interface IssueSink {
  addIssue(issue: {
    code: 'custom'
    message: string
    path?: (string | number)[]
    params: { remedy: string }
  }): void
}

/** Reports a problem with its remedy, at `path` below the value being checked. */
export function refuse(
  context: IssueSink,
  message: string,
  remedy: string,
  path: (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', message, path, params: { remedy } })
}
