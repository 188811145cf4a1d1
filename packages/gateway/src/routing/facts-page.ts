import { listMembers } from '@sallyport/kit/mcp'
import { z } from 'zod'
import type { ServerFacts } from '../upstreams/upstream.ts'
import { membersOf, parseJson } from './item.ts'

const KEY = 'dev.sallyport/facts'

const keptFacts = z.object({
  [KEY]: z.object({
    era: z.enum(['legacy', 'modern']),
    capabilities: z.string(),
    instructions: z.string().optional(),
  }),
})

/** A page of the catalogue that holds what a server said of itself, its capabilities digit by digit. */
export function factsPage({ era, capabilities, instructions }: ServerFacts): Buffer {
  return Buffer.from(JSON.stringify({ [KEY]: { era, capabilities, instructions } }))
}

/** Reads such a page; undefined for any other. */
export function readFactsPage(page: Buffer): ServerFacts | undefined {
  if (!membersOf(page).some(({ key }) => key === KEY)) return undefined
  const parsed = keptFacts.safeParse(parseJson(page))
  if (!parsed.success) return undefined
  const { era, capabilities, instructions } = parsed.data[KEY]
  return { era, capabilities, instructions }
}

/** The names of a server's capabilities. */
export function offersOf({ capabilities }: ServerFacts): ReadonlySet<string> {
  const bytes = Buffer.from(capabilities)
  return new Set(listMembers(bytes, { start: 0, end: bytes.length }).map(({ key }) => key))
}
