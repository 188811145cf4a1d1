import { z } from 'zod'
import { parseCidr } from './address.ts'
import { serverName } from './name.ts'
import { parsedText } from './text.ts'

const LIST_MAX = 1_000
const RANGES_MAX = 100

const globs = z.array(z.string().min(1).max(512)).max(LIST_MAX)

const selection = (what: string) =>
  z.strictObject({
    allow: globs
      .optional()
      .meta({ description: `Globs over ${what}; everything is allowed where it is absent.` }),
    deny: globs
      .optional()
      .meta({ description: `Globs over ${what} that are not there, even when allowed.` }),
  })

/** What may be restricted of what a caller sees. Whatever is left out is as if it did not exist. */
export const sightShape = {
  servers: z
    .array(serverName)
    .max(LIST_MAX)
    .optional()
    .meta({ description: 'Names of servers and groups; absent: all.' }),
  tools: selection('`<server>__<tool>` (`*` any run, `?` one character)')
    .optional()
    .meta({ description: 'Which tools.' }),
  resources: selection('URIs as the servers write them')
    .optional()
    .meta({ description: 'Which resources.' }),
  prompts: selection('`<server>__<prompt>`').optional().meta({ description: 'Which prompts.' }),
  readOnly: z
    .boolean()
    .optional()
    .meta({ description: 'Only tools that are known to change nothing.' }),
} as const

/** A restriction as a whole. */
export const sightRule = z.strictObject(sightShape)

/** Where callers may come from. */
export const addressRanges = z
  .array(
    parsedText({
      parse: parseCidr,
      expected: 'an IP address or a network',
      remedy: 'write it like `10.0.0.0/8`',
    }),
  )
  .max(RANGES_MAX)
