import { type Edit, insertEdit, listMembers, type Range, splice } from '@sallyport/kit/mcp'
import { z } from 'zod'
import { type Item, membersOf, parseJson, readItem, textAt } from './item.ts'
import { type HeaderDeclarations, readHeaderDeclarations } from './param-headers.ts'

/** What an operator states about a tool, over whatever its server claims. */
export interface ToolPins {
  readonly title?: string | undefined
  readonly readOnly?: boolean | undefined
  readonly destructive?: boolean | undefined
  readonly idempotent?: boolean | undefined
  readonly openWorld?: boolean | undefined
}

/** One tool as a server described it, with the operator's pins applied. */
export interface Tool extends Item {
  /** The server's own claims; not to be trusted unless the operator says so. */
  readonly hints: ToolPins
  /** Arguments that travel as headers too; undefined when the declaration is invalid. */
  readonly headers: HeaderDeclarations | undefined
  /** The `ui://` resource that shows it, and where its URI stands in `bytes`. Source: MCP Apps. */
  readonly ui: { readonly uri: string; readonly ranges: readonly Range[] } | undefined
}

/** What an endpoint says of a tool in its server's place. */
export interface ToolOverride {
  readonly description?: string | undefined
  readonly pins?: ToolPins | undefined
}

const HINTS = {
  title: 'title',
  readOnly: 'readOnlyHint',
  destructive: 'destructiveHint',
  idempotent: 'idempotentHint',
  openWorld: 'openWorldHint',
} as const satisfies Readonly<Record<keyof ToolPins, string>>

const hint = z.boolean().optional().catch(undefined)
const describedTool = z.looseObject({
  inputSchema: z.unknown().optional(),
  annotations: z
    .looseObject({
      readOnlyHint: hint,
      destructiveHint: hint,
      idempotentHint: hint,
      openWorldHint: hint,
    })
    .optional()
    .catch(undefined),
})

/** Reads one tool; undefined when it has no usable name. Everything else stays as the server wrote it. */
export function readTool(
  bytes: Buffer,
  pins: Readonly<Record<string, ToolPins>> = {},
): Tool | undefined {
  const item = readItem('tools', bytes)
  if (!item) return undefined
  const own = Object.hasOwn(pins, item.name) ? pins[item.name] : undefined
  const pinned = own ? pinAnnotations(bytes, own) : bytes
  return describeTool(pinned === bytes ? item : readItem('tools', pinned))
}

/** A tool as an endpoint shows it. */
export function overrideTool(tool: Tool, { description, pins }: ToolOverride): Tool {
  const described =
    description === undefined
      ? tool.bytes
      : setMember(tool.bytes, 'description', JSON.stringify(description))
  const bytes = pins ? pinAnnotations(described, pins) : described
  return describeTool(readItem('tools', bytes)) ?? tool
}

/** A tool's bytes under another name, and its `ui://` resource under another URI. */
export function showTool(tool: Tool, name: string, uiUri: string | undefined): Buffer {
  const edits: Edit[] = []
  if (name !== tool.name) {
    for (const range of tool.nameRanges) insertEdit(edits, { ...range, text: JSON.stringify(name) })
  }
  if (tool.ui && uiUri !== undefined && uiUri !== tool.ui.uri) {
    for (const range of tool.ui.ranges) insertEdit(edits, { ...range, text: JSON.stringify(uiUri) })
  }
  return edits.length === 0 ? tool.bytes : splice(tool.bytes, edits)
}

function describeTool(item: Item | undefined): Tool | undefined {
  if (!item) return undefined
  const parsed = describedTool.safeParse(parseJson(item.bytes))
  if (!parsed.success) return undefined
  const { annotations, inputSchema } = parsed.data
  return {
    ...item,
    hints: {
      readOnly: annotations?.readOnlyHint,
      destructive: annotations?.destructiveHint,
      idempotent: annotations?.idempotentHint,
      openWorld: annotations?.openWorldHint,
    },
    headers: readHeaderDeclarations(inputSchema),
    ui: findUi(item.bytes),
  }
}

/** Finds the URI of a tool's interface; should its two forms disagree, only the first one is followed. */
function findUi(bytes: Buffer): Tool['ui'] {
  const found = membersOf(bytes)
    .filter(({ key }) => key === '_meta')
    .flatMap(({ valueStart: start, end }) => findUiUris(bytes, { start, end }))
  const [first] = found
  const same = found.filter(({ uri }) => uri === first?.uri)
  return first && { uri: first.uri, ranges: same.map(({ range }) => range) }
}

/**
 * Where a `_meta` object names an interface: `ui.resourceUri`, and the flat form that came before it.
 *
 * Source: MCP Apps extension, "Resource Discovery".
 */
export function findUiUris(bytes: Buffer, meta: Range): { uri: string; range: Range }[] {
  return inside(bytes, meta).flatMap(({ key, range }) => {
    if (key === 'ui/resourceUri') return uriAt(bytes, range)
    if (key !== 'ui') return []
    const [own] = inside(bytes, range).filter((one) => one.key === 'resourceUri')
    return own ? uriAt(bytes, own.range) : []
  })
}

function uriAt(bytes: Buffer, range: Range): { uri: string; range: Range }[] {
  const uri = textAt(bytes, range)
  return uri === undefined ? [] : [{ uri, range }]
}

/** The members of an object inside bytes, their values as ranges of the whole. */
function inside(bytes: Buffer, object: Range): { key: string; range: Range }[] {
  return listMembers(bytes, object).map(({ key, valueStart, end }) => ({
    key,
    range: { start: object.start + valueStart, end: object.start + end },
  }))
}

/** The same object with one member's value replaced, or the member added. */
function setMember(bytes: Buffer, key: string, text: string): Buffer {
  const members = membersOf(bytes)
  const places = members.filter((member) => member.key === key)
  if (places.length > 0) {
    return splice(
      bytes,
      places.map(({ valueStart: start, end }) => ({ start, end, text })),
    )
  }
  const start = members[0]?.start ?? 1
  return splice(bytes, [{ start, end: start, text: `"${key}":${text},` }])
}

/** The same description with the operator's pins in place of the server's hints. */
function pinAnnotations(tool: Buffer, pins: ToolPins): Buffer {
  const pinned = Object.entries(HINTS).flatMap(([pin, key]) => {
    const value = pins[pin as keyof typeof HINTS] // the keys of HINTS are the keys of ToolPins
    return value === undefined
      ? []
      : [{ key: key as string, text: `"${key}":${JSON.stringify(value)}` }]
  })
  if (pinned.length === 0) return tool
  const annotations = membersOf(tool).findLast(({ key }) => key === 'annotations')
  const from = annotations?.valueStart ?? 0
  const kept = annotations
    ? listMembers(tool, { start: from, end: annotations.end })
        .filter(({ key }) => !pinned.some((one) => one.key === key))
        .map(({ start, end }) => tool.toString('utf8', from + start, from + end))
    : []
  return setMember(tool, 'annotations', `{${[...kept, ...pinned.map(({ text }) => text)].join()}}`)
}
