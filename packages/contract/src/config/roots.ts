import { z } from 'zod'
import { parsedText, wrongKind } from './text.ts'

/** Which roots a server is told of: none, those of the client it serves, or these `file:` URIs. */
export type RootsConfig = 'none' | 'client' | readonly string[]

const rootUri = parsedText({
  parse: parseRootUri,
  expected: 'a `file://` URI',
  remedy: 'write the absolute path of a folder like `file:///srv/shared`',
})
const rootsForms = '`none`, `client` or a list of `file://` URIs'

/** The key `roots` of a server. */
export const roots = z.union(
  [z.enum(['none', 'client'], { error: wrongKind(rootsForms) }), z.array(rootUri).min(1).max(100)],
  { error: wrongKind(rootsForms) },
)

function parseRootUri(text: string): string | undefined {
  const url = /^file:\/\//i.test(text) ? URL.parse(text) : null
  return url === null || `${url.search}${url.hash}` !== '' ? undefined : url.href
}
