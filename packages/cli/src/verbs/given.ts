import { checkInput } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import type { z } from 'zod'

/** The parts of a list that was given with commas; undefined when none was. */
export function listOfOption(text: string | undefined): string[] | undefined {
  return text?.split(',').map((part) => part.trim())
}

/**
 * Checks what was given on a command line, and speaks of it in the words of the command.
 *
 * @param words how keys of the input are called on the command line
 * @throws {AppError} `usage`
 */
export function checkGiven<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  words: Readonly<Record<string, string>>,
): z.output<Schema> {
  const checked = checkInput(schema, input)
  if (checked.ok) return checked.data
  const [{ key, sentence }] = checked.faults
  const [first = ''] = key.split('.')
  throw new AppError('usage', `${words[key] ?? words[first] ?? key} ${sentence}`)
}

/** The input without what was not given. */
export function given<Value extends object>(value: Value): Partial<Value> {
  const parts = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(parts) as Partial<Value> // nothing but what was there
}

/** What a restriction lets see, in a few words. */
export function sightInWords({
  servers,
  tools,
  readOnly,
}: {
  readonly servers?: readonly string[] | null | undefined
  readonly tools?:
    | {
        readonly allow?: readonly string[] | undefined
        readonly deny?: readonly string[] | undefined
      }
    | null
    | undefined
  readonly readOnly?: boolean | null | undefined
}): string {
  const parts = [
    servers && `servers ${servers.join(' ') || 'none'}`,
    tools?.allow && `tools ${tools.allow.join(' ') || 'none'}`,
    tools?.deny && tools.deny.length > 0 && `not ${tools.deny.join(' ')}`,
    readOnly === true && 'read-only',
  ]
  return parts.filter((part) => typeof part === 'string').join(', ') || 'everything'
}
