import type { IncomingHttpHeaders } from 'node:http'
import { decodeHeaderValue } from './header-value.ts'
import { LEGACY_VERSIONS, type Message, MODERN_VERSIONS } from './message.ts'
import { listMembers, metaMembers } from './scan.ts'

/** A JSON-RPC error with the HTTP status it travels under. */
export interface RpcRefusal {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

export type EraVerdict =
  | { readonly era: 'modern'; readonly version: string }
  | { readonly era: 'legacy'; readonly version: string | undefined }
  | { readonly era: 'refused'; readonly refusal: RpcRefusal }

export const META_VERSION = 'io.modelcontextprotocol/protocolVersion'
export const META_CLIENT_INFO = 'io.modelcontextprotocol/clientInfo'
export const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
export const META_LOG_LEVEL = 'io.modelcontextprotocol/logLevel'
export const META_SERVER_INFO = 'io.modelcontextprotocol/serverInfo'
export const META_SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId'

/** JSON-RPC codes that the specification gives a meaning. Source: MCP 2026-07-28, "Error codes". */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  /** Legacy only; a modern client gets `invalidParams`. */
  resourceNotFound: -32002,
  headerMismatch: -32020,
  /** A capability is needed that the client did not declare. */
  missingCapability: -32021,
  unsupportedVersion: -32022,
  /** The client is to visit an address first. Legacy only, since 2025-11-25. */
  urlElicitation: -32042,
  /** Ours, outside every reserved range. */
  gateway: -31000,
} as const

/** Which body field `Mcp-Name` mirrors. Source: MCP 2026-07-28, Streamable HTTP, "Standard request headers". */
const NAMED_METHODS: Readonly<Record<string, 'name' | 'uri' | 'taskId'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

interface Envelope {
  /** The claimed revision's JSON text; undefined = no claim. */
  readonly version: string | undefined
  readonly capabilities: boolean
}

function readEnvelope(message: Message): Envelope {
  let version: string | undefined
  let capabilities = false
  for (const { key, valueStart, end } of metaMembers(message)) {
    const from = message.meta.start + valueStart
    if (key === META_VERSION) {
      version = message.bytes.toString('utf8', from, message.meta.start + end)
    } else if (key === META_CAPABILITIES) {
      capabilities = message.bytes[from] === 0x7b
    }
  }
  return { version, capabilities }
}

function refused(code: number, message: string, data?: unknown): EraVerdict {
  return { era: 'refused', refusal: { status: 400, code, message, ...(data ? { data } : {}) } }
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

/**
 * Decides which era a client's message speaks, by its body, with the headers as a cross-check. Headers
 * alone never make a message modern (a legacy client behind a bridge may carry them), except that a
 * modern version header without an envelope is an error, not a legacy message.
 *
 * Source: MCP 2026-07-28, Versioning and Streamable HTTP, "Header validation".
 */
export function judgeEra(message: Message, headers: IncomingHttpHeaders): EraVerdict {
  const header = headerText(headers['mcp-protocol-version'])?.trim()
  const envelope = readEnvelope(message)
  if (envelope.version === undefined) return judgeWithoutClaim(message, header, envelope)
  const claimed: unknown = JSON.parse(envelope.version)
  if (typeof claimed !== 'string') {
    return refused(RPC.invalidParams, `\`_meta\`: ${META_VERSION} must be a string`)
  }
  if (header !== undefined && header !== claimed) {
    return refused(
      RPC.headerMismatch,
      `the MCP-Protocol-Version header and the body disagree: the body names ${printable(claimed)}`,
    )
  }
  if (!MODERN_VERSIONS.some((version) => version === claimed)) return unsupported(claimed)
  if (message.kind !== 'request') return { era: 'modern', version: claimed }
  return judgeModernRequest(message, headers, { claimed, header, envelope })
}

/**
 * The same where there are no headers to agree with: stdio.
 *
 * Source: MCP 2026-07-28, Versioning and stdio.
 */
export function judgeEraOnLine(message: Message): EraVerdict {
  const envelope = readEnvelope(message)
  if (envelope.version === undefined) return { era: 'legacy', version: undefined }
  const claimed: unknown = JSON.parse(envelope.version)
  if (typeof claimed !== 'string') {
    return refused(RPC.invalidParams, `\`_meta\`: ${META_VERSION} must be a string`)
  }
  if (!MODERN_VERSIONS.some((version) => version === claimed)) return unsupported(claimed)
  if (message.kind === 'request' && !envelope.capabilities) {
    return refused(RPC.invalidParams, `\`_meta\` lacks ${META_CAPABILITIES}`)
  }
  return { era: 'modern', version: claimed }
}

function judgeWithoutClaim(
  message: Message,
  header: string | undefined,
  envelope: Envelope,
): EraVerdict {
  const modernHeader = MODERN_VERSIONS.some((version) => version === header)
  if (message.method === 'initialize' && message.kind === 'request') {
    return modernHeader
      ? refused(RPC.headerMismatch, `initialize does not exist in revision ${header}`)
      : { era: 'legacy', version: undefined }
  }
  if (modernHeader && message.kind === 'request') {
    const missing = envelope.capabilities ? [META_VERSION] : [META_VERSION, META_CAPABILITIES]
    return refused(RPC.invalidParams, `\`_meta\` lacks ${missing.join(' and ')}`)
  }
  if (modernHeader) return { era: 'modern', version: header ?? '' }
  if (header !== undefined && !LEGACY_VERSIONS.some((version) => version === header)) {
    return unsupported(header)
  }
  return { era: 'legacy', version: header }
}

function judgeModernRequest(
  message: Message,
  headers: IncomingHttpHeaders,
  claim: { claimed: string; header: string | undefined; envelope: Envelope },
): EraVerdict {
  if (claim.header === undefined) {
    return refused(RPC.headerMismatch, 'the MCP-Protocol-Version header is missing')
  }
  const method = headerText(headers['mcp-method'])?.trim()
  if (method === undefined) return refused(RPC.headerMismatch, 'the Mcp-Method header is missing')
  if (method !== message.method) {
    return refused(RPC.headerMismatch, 'the Mcp-Method header and the body disagree')
  }
  const named = judgeName(message, headerText(headers['mcp-name']))
  if (named !== undefined) return refused(RPC.headerMismatch, named)
  if (!claim.envelope.capabilities) {
    return refused(RPC.invalidParams, `\`_meta\` lacks ${META_CAPABILITIES}`)
  }
  return { era: 'modern', version: claim.claimed }
}

/** One sentence on what is wrong with `Mcp-Name`; undefined when it agrees. */
function judgeName(message: Message, header: string | undefined): string | undefined {
  const field = Object.hasOwn(NAMED_METHODS, message.method)
    ? NAMED_METHODS[message.method]
    : undefined
  if (field === undefined) return undefined
  const value =
    field === 'name' ? message.name : field === 'uri' ? message.uri : readTaskId(message)
  if (header === undefined) {
    return value === undefined ? undefined : 'the Mcp-Name header is missing'
  }
  const decoded = decodeHeaderValue(header)
  if (decoded === undefined) return 'the Mcp-Name header carries a malformed Base64 value'
  return decoded === value ? undefined : `the Mcp-Name header and params.${field} disagree`
}

function readTaskId(message: Message): string | undefined {
  for (const { key, valueStart, end } of listMembers(message.bytes, message.params)) {
    if (key !== 'taskId') continue
    const from = message.params.start + valueStart
    const value: unknown = JSON.parse(
      message.bytes.toString('utf8', from, message.params.start + end),
    )
    return typeof value === 'string' ? value : undefined
  }
  return undefined
}

function unsupported(requested: string): EraVerdict {
  return refused(RPC.unsupportedVersion, `revision ${printable(requested)} is not supported`, {
    supported: [...MODERN_VERSIONS],
    requested,
  })
}

/** A peer's short text, fit for a sentence. */
function printable(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}
