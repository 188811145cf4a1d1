import { listElements, listMembers, splice } from '@sallyport/kit/mcp'
import { publicName } from '@sallyport/kit/tool-name'
import { z } from 'zod'
import { type HeaderDeclarations, readHeaderDeclarations } from './param-headers.ts'

/** What an operator states about a tool, over whatever its server claims. */
export interface ToolPins {
  readonly readOnly?: boolean | undefined
  readonly destructive?: boolean | undefined
  readonly idempotent?: boolean | undefined
  readonly openWorld?: boolean | undefined
}

/** One tool as a server described it. */
export interface Tool {
  /** The server's own name. */
  readonly name: string
  readonly publicName: string
  /** The description with pins applied, under the server's own name. */
  readonly ownBytes: Buffer
  /** The same under the public name. */
  readonly publicBytes: Buffer
  /** The server's own claims; not to be trusted unless the operator says so. */
  readonly hints: ToolPins
  /** Arguments that travel as headers too; undefined when the declaration is invalid. */
  readonly headers: HeaderDeclarations | undefined
}

const HINTS = {
  readOnly: 'readOnlyHint',
  destructive: 'destructiveHint',
  idempotent: 'idempotentHint',
  openWorld: 'openWorldHint',
} as const

const hint = z.boolean().optional().catch(undefined)
const describedTool = z.looseObject({
  name: z.string().min(1).max(256),
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

/**
 * Reads the tools of raw `tools/list` results. A tool without a usable name is left out, a repeated name
 * counts once; everything else stays as the server wrote it.
 */
export function readTools(
  server: string,
  pages: readonly Buffer[],
  pins: Readonly<Record<string, ToolPins>>,
): Tool[] {
  const tools = new Map<string, Tool>()
  for (const page of pages) {
    const whole = { start: 0, end: page.length }
    const list = listMembers(page, whole).find(({ key }) => key === 'tools')
    if (!list) continue
    for (const bytes of listElements(page, list.valueStart, list.end)) {
      const tool = readTool(server, bytes, pins)
      if (tool && !tools.has(tool.name)) tools.set(tool.name, tool)
    }
  }
  return [...tools.values()]
}

function readTool(
  server: string,
  bytes: Buffer,
  pins: Readonly<Record<string, ToolPins>>,
): Tool | undefined {
  const parsed = describedTool.safeParse(JSON.parse(bytes.toString()))
  if (!parsed.success) return undefined
  const { name, annotations, inputSchema } = parsed.data
  const own = Object.hasOwn(pins, name) ? pins[name] : undefined
  const ownBytes = own ? pinAnnotations(bytes, own) : Buffer.from(bytes)
  const shown = publicName(server, name)
  return {
    name,
    publicName: shown,
    ownBytes,
    publicBytes: rename(ownBytes, shown),
    hints: {
      readOnly: annotations?.readOnlyHint,
      destructive: annotations?.destructiveHint,
      idempotent: annotations?.idempotentHint,
      openWorld: annotations?.openWorldHint,
    },
    headers: readHeaderDeclarations(inputSchema),
  }
}

function rename(tool: Buffer, name: string): Buffer {
  const edits = listMembers(tool, { start: 0, end: tool.length })
    .filter(({ key }) => key === 'name')
    .map(({ valueStart, end }) => ({ start: valueStart, end, text: JSON.stringify(name) }))
  return splice(tool, edits)
}

/** The same description with the operator's pins in place of the server's hints. */
function pinAnnotations(tool: Buffer, pins: ToolPins): Buffer {
  const pinned = Object.entries(HINTS).flatMap(([pin, key]) => {
    const value = pins[pin as keyof typeof HINTS] // the keys of HINTS are the keys of ToolPins
    return value === undefined ? [] : [{ key: key as string, text: `"${key}":${value}` }]
  })
  if (pinned.length === 0) return Buffer.from(tool)
  const members = listMembers(tool, { start: 0, end: tool.length })
  const annotations = members.find(({ key }) => key === 'annotations')
  if (!annotations) {
    const text = `"annotations":{${pinned.map((one) => one.text).join()}},`
    const start = members[0]?.start ?? 1
    return splice(tool, [{ start, end: start, text }])
  }
  const from = annotations.valueStart
  const kept = listMembers(tool, { start: from, end: annotations.end })
    .filter(({ key }) => !pinned.some((one) => one.key === key))
    .map(({ start, end }) => tool.toString('utf8', from + start, from + end))
  const text = `{${[...kept, ...pinned.map((one) => one.text)].join()}}`
  return splice(tool, [{ start: from, end: annotations.end, text }])
}
