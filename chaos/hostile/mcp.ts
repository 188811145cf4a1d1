import type { Era, Order } from './wire.ts'

/** A message of the gateway, which sends valid ones. */
export interface Incoming {
  readonly id?: unknown
  readonly method?: string
  readonly params?: {
    readonly protocolVersion?: string
    readonly name?: string
    readonly arguments?: Partial<Order>
  }
}

const SERVER = { name: 'hostile', version: '1.0.0' }
const HINTS = { resultType: 'complete', ttlMs: 10_000, cacheScope: 'public' }
const METHOD_NOT_FOUND = { code: -32601, message: 'Method not found' }
const FOREIGN_VERSION = {
  ...{ code: -32022, message: 'Unsupported protocol version' },
  data: { supported: ['2026-07-28'] },
}
const TOOLS = ['do', 'look'].map((name) => ({
  name,
  description: 'Does as it is told, or worse.',
  inputSchema: { type: 'object' },
}))

/** The order that a `tools/call` carries; undefined for every other message. */
export function orderOf({ method, params }: Incoming): Order | undefined {
  if (method !== 'tools/call') return undefined
  const { n = 0, fault = 'ok', strikeMs = 0, deadlineMs = 5_000 } = params?.arguments ?? {}
  return { n, fault, strikeMs, deadlineMs }
}

/** The answer to everything but calls; undefined where none is due. */
export function answerTo(message: Incoming, era: Era): object | undefined {
  const { id, method } = message
  if (id === undefined || method === undefined) return undefined
  const result = resultOf(message, era)
  if (result === undefined) {
    const foreign = method === 'initialize'
    return { jsonrpc: '2.0', id, error: foreign ? FOREIGN_VERSION : METHOD_NOT_FOUND }
  }
  return { jsonrpc: '2.0', id, result }
}

function resultOf({ method, params }: Incoming, era: Era): object | undefined {
  const capabilities = { tools: { listChanged: true }, logging: {} }
  const serverInfo = SERVER
  if (method === 'tools/list') return { tools: TOOLS, ...(era === 'modern' ? HINTS : {}) }
  if (era === 'modern') {
    const supportedVersions = ['2026-07-28']
    const _meta = { 'io.modelcontextprotocol/serverInfo': serverInfo }
    return method === 'server/discover'
      ? { supportedVersions, capabilities, ...HINTS, _meta }
      : undefined
  }
  if (method === 'initialize') {
    return { protocolVersion: params?.protocolVersion, capabilities, serverInfo }
  }
  return method === 'ping' || method === 'logging/setLevel' ? {} : undefined
}
