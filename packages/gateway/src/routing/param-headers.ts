import { decodeHeaderValue, encodeHeaderValue } from '@sallyport/kit/mcp'
import type { IncomingHttpHeaders } from 'node:http'

/** One argument that travels as `Mcp-Param-<header>` too. */
export interface HeaderDeclaration {
  /** Names from the arguments object down to the value. */
  readonly path: readonly string[]
  readonly header: string
  readonly type: 'string' | 'integer' | 'boolean'
}

export type HeaderDeclarations = readonly HeaderDeclaration[]

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/
const DECIMAL = /^-?\d+(?:\.\d+)?$/
const DEPTH_MAX = 32
const PREFIX = 'mcp-param-'
const KEYWORD = 'x-mcp-header'

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Finds the `x-mcp-header` declarations of a tool's input schema; undefined when one of them is invalid:
 * elsewhere than on a string, integer or boolean reached through plain `properties`, no HTTP token, or
 * not unique ignoring case.
 *
 * Source: MCP 2026-07-28, Streamable HTTP, "Custom headers from tool parameters".
 */
export function readHeaderDeclarations(inputSchema: unknown): HeaderDeclarations | undefined {
  const found: HeaderDeclaration[] = []
  if (!collect(inputSchema, [], found)) return undefined
  const unique = new Set(found.map(({ header }) => header.toLowerCase()))
  if (unique.size !== found.length) return undefined
  // A declaration that no plain path reaches is invalid wherever it hides.
  return countKeyword(inputSchema, 0) === found.length ? found : undefined
}

function collect(schema: unknown, path: readonly string[], found: HeaderDeclaration[]): boolean {
  if (!isObject(schema) || path.length > DEPTH_MAX) return true
  if (Object.hasOwn(schema, KEYWORD)) {
    const header = schema[KEYWORD]
    const { type } = schema
    if (typeof header !== 'string' || !TOKEN.test(header) || path.length === 0) return false
    if (type !== 'string' && type !== 'integer' && type !== 'boolean') return false
    found.push({ path, header, type })
  }
  const { properties } = schema
  if (!isObject(properties)) return true
  return Object.entries(properties).every(([key, child]) => collect(child, [...path, key], found))
}

/** How often the keyword stands in a schema, not counting properties of that name. */
function countKeyword(node: unknown, depth: number): number {
  if (depth > DEPTH_MAX * 2) return 0
  if (Array.isArray(node)) {
    return node.reduce((sum: number, child) => sum + countKeyword(child, depth + 1), 0)
  }
  if (!isObject(node)) return 0
  let count = Object.hasOwn(node, KEYWORD) && !isObject(node[KEYWORD]) ? 1 : 0
  for (const [key, child] of Object.entries(node)) {
    if (key === 'const' || key === 'enum' || key === 'default' || key === 'examples') continue
    count += countKeyword(child, depth + 1)
  }
  return count
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let node = root
  for (const key of path) {
    if (!isObject(node) || !Object.hasOwn(node, key)) return undefined
    node = node[key]
  }
  return node
}

function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) {
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value)
  }
  return undefined
}

/** The headers that carry a call's declared arguments, by full lower-case name. */
export function writeParamHeaders(
  declarations: HeaderDeclarations,
  args: unknown,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { path, header } of declarations) {
    const text = toText(valueAt(args, path))
    if (text !== undefined) headers[PREFIX + header.toLowerCase()] = encodeHeaderValue(text)
  }
  return headers
}

/**
 * One sentence on the first `Mcp-Param-*` header that is missing, malformed or disagrees with the
 * arguments; undefined when all agree. Null and absent arguments expect no header.
 *
 * Source: as `readHeaderDeclarations`.
 */
export function judgeParamHeaders(
  declarations: HeaderDeclarations,
  args: unknown,
  headers: IncomingHttpHeaders,
): string | undefined {
  for (const { path, header, type } of declarations) {
    const value = valueAt(args, path)
    const text = toText(value)
    if (text === undefined) continue
    const name = `Mcp-Param-${header}`
    const given = headers[name.toLowerCase()]
    if (typeof given !== 'string') return `the ${name} header is missing`
    const decoded = decodeHeaderValue(given)
    if (decoded === undefined) return `the ${name} header carries a malformed Base64 value`
    const agrees =
      type === 'integer' && DECIMAL.test(decoded) ? Number(decoded) === value : decoded === text
    if (!agrees) return `the ${name} header and the argument ${path.join('.')} disagree`
  }
  return undefined
}

/** The client's `Mcp-Param-*` headers that no declaration names: they pass untouched. */
export function foreignParamHeaders(
  declarations: HeaderDeclarations,
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const foreign: Record<string, string> = {}
  for (const name in headers) {
    if (!name.startsWith(PREFIX)) continue
    const value = headers[name]
    const declared = declarations.some(({ header }) => PREFIX + header.toLowerCase() === name)
    if (!declared && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value))
      foreign[name] = value
  }
  return foreign
}
