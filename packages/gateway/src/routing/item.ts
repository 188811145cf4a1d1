import { listElements, listMembers, type Range, splice } from '@sallyport/kit/mcp'
import type { Kind } from '../upstreams/upstream.ts'
import { parseTemplate, type UriTemplate } from './uri-template.ts'

/** One entry of a server's list, in the server's bytes. */
export interface Item {
  /** The server's own name for it, or its own URI or URI template. */
  readonly name: string
  readonly bytes: Buffer
  /** Where that name stands in `bytes`, quotes included; more than once only where a server repeats a key. */
  readonly nameRanges: readonly Range[]
}

/** A resource template; `template` is undefined when it cannot be read as one, then no URI leads to it. */
export interface TemplateItem extends Item {
  readonly template: UriTemplate | undefined
}

/** By which member the entries of a list are told apart. */
export const NAME_KEYS = {
  tools: 'name',
  resources: 'uri',
  resourceTemplates: 'uriTemplate',
  prompts: 'name',
} as const satisfies Readonly<Record<Kind, string>>

const NAME_LENGTH_MAX = 256
const URI_LENGTH_MAX = 8_192

/**
 * Copies the entries of raw list results into one page of our own: `{"<kind>":[...]}`, each entry in the
 * server's bytes.
 */
export function gatherPage(kind: Kind, pages: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`{"${kind}":[`)]
  for (const element of pages.flatMap((page) => elementsOf(kind, page))) {
    if (parts.length > 1) parts.push(COMMA)
    parts.push(element)
  }
  return Buffer.concat([...parts, CLOSING])
}

const COMMA = Buffer.from(',')
const CLOSING = Buffer.from(']}')

/** The entries of one page as slices of it. */
export function elementsOf(kind: Kind, page: Buffer): Buffer[] {
  const list = membersOf(page).find(({ key }) => key === kind)
  return list ? listElements(page, list.valueStart, list.end) : []
}

/** Entries that have a usable name; a repeated one counts once. */
export function readItems<One extends Item>(
  elements: readonly Buffer[],
  read: (bytes: Buffer) => One | undefined,
): One[] {
  const items = new Map<string, One>()
  for (const bytes of elements) {
    const item = read(bytes)
    if (item && !items.has(item.name)) items.set(item.name, item)
  }
  return [...items.values()]
}

/** Reads one entry; undefined when it has no usable name. */
export function readItem(kind: Kind, bytes: Buffer): Item | undefined {
  const nameRanges = membersOf(bytes)
    .filter(({ key }) => key === NAME_KEYS[kind])
    .map(({ valueStart: start, end }) => ({ start, end }))
  const last = nameRanges.at(-1)
  // Of a repeated key the last one counts, as with every common parser.
  const name = last && textAt(bytes, last)
  const lengthMax = NAME_KEYS[kind] === 'name' ? NAME_LENGTH_MAX : URI_LENGTH_MAX
  if (name === undefined || name === '' || name.length > lengthMax) return undefined
  return { name, bytes, nameRanges }
}

/** Reads one resource template. */
export function readTemplate(bytes: Buffer): TemplateItem | undefined {
  const item = readItem('resourceTemplates', bytes)
  return item && { ...item, template: parseTemplate(item.name) }
}

/** An entry under another name. The same bytes when the name is its own. */
export function withName({ bytes, name, nameRanges }: Item, shown: string): Buffer {
  if (shown === name) return bytes
  const text = JSON.stringify(shown)
  return splice(
    bytes,
    nameRanges.map((range) => ({ ...range, text })),
  )
}

/** The members of a whole object. */
export function membersOf(bytes: Buffer): ReturnType<typeof listMembers> {
  return listMembers(bytes, { start: 0, end: bytes.length })
}

/** The string at a range; undefined when something else stands there. */
export function textAt(bytes: Buffer, { start, end }: Range): string | undefined {
  if (bytes[start] !== 0x22) return undefined
  const value = parseJson(bytes.subarray(start, end))
  return typeof value === 'string' ? value : undefined
}

/** A value of a server's bytes; undefined for what is no JSON after all, such as a bare control character. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined // the scan of servers' bytes lets through what is carried but never read
  }
}
