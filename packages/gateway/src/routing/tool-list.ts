import {
  type ApplicationFace,
  type Era,
  type Exchange,
  idOf,
  META_SERVER_INFO,
  paramText,
  RPC,
  type SessionSealer,
} from '@sallyport/kit/mcp'
import type { CallResult } from '../call/call.ts'
import { encodeRefusal } from '../call/encode-answer.ts'
import type { ServerStatus } from '../upstreams/upstream.ts'
import type { Catalogue } from './catalogue.ts'
import type { Tool } from './tool.ts'

/** Where a list's parts come from, and which of them are missing. */
export const META_SOURCES = 'dev.sallyport/sources'

const PURPOSE = 'list-cursor'

export interface ToolListDeps {
  readonly catalogue: Catalogue
  readonly status: () => readonly ServerStatus[]
  readonly sealer: SessionSealer
  /** Tools on one page. */
  readonly pageTools: number
}

interface View {
  readonly generation: number
  readonly tools: readonly Tool[]
  /** The first page's message up to the end of `tools`. */
  readonly firstPage: Buffer
}

/**
 * Answers `tools/list` from the catalogue: all servers merged in the order of public names, which does
 * not depend on when or by whom it is asked.
 *
 * Source: MCP 2026-07-28, "Pagination", "Caching"; design §5.
 */
export class ToolList {
  readonly #deps: ToolListDeps
  readonly #views = new Map<string, View>()

  constructor(deps: ToolListDeps) {
    this.#deps = deps
  }

  /** The page an exchange asks for. */
  answer(exchange: Exchange, face: ApplicationFace): CallResult {
    const view = this.#view(exchange.scope, exchange.era)
    const start = this.#start(exchange, view.tools)
    if (start === undefined) {
      return encodeRefusal(exchange, RPC.invalidParams, 'Invalid cursor')
    }
    const end = start + this.#deps.pageTools
    const last = view.tools[end - 1]
    const more = end < view.tools.length && last
    const tail = this.#tail(exchange, face, more ? last.publicName : undefined)
    const bytes =
      start === 0 ? view.firstPage : openMessage(view.tools.slice(start, end), exchange.scope)
    const closing = Buffer.from(`${tail},"id":${idOf(exchange.message)}}`)
    return { answer: { bytes, more: [closing], status: 200 }, outcome: 'ok', code: null }
  }

  /** Which servers a scope shows, with state, number of tools and time of reading. */
  sources(scope: string): readonly Source[] {
    const states = new Map(this.#deps.status().map((status) => [status.name, status]))
    return this.#deps.catalogue
      .list()
      .filter(({ server }) => scope === '' || server === scope)
      .map(({ server, tools, readAtMs, shrunk }) => ({
        server,
        state: shrunk ? 'degraded' : (states.get(server)?.state ?? 'cold'),
        tools: tools.length,
        at: readAtMs === undefined ? null : new Date(readAtMs).toISOString(),
      }))
  }

  #view(scope: string, era: Era): View {
    const { catalogue, pageTools } = this.#deps
    const key = `${era} ${scope}`
    const known = this.#views.get(key)
    if (known?.generation === catalogue.generation) return known
    const tools = catalogue
      .list()
      .filter(({ server }) => scope === '' || server === scope)
      .flatMap((entry) => entry.tools)
      // A modern client must drop such a tool anyway; a legacy one knows nothing of headers.
      .filter((tool) => era === 'legacy' || tool.headers !== undefined)
      .toSorted((a, b) => (a.publicName < b.publicName ? -1 : 1))
    const view: View = {
      generation: catalogue.generation,
      tools,
      firstPage: openMessage(tools.slice(0, pageTools), scope),
    }
    this.#views.set(key, view)
    return view
  }

  /** Where the asked page starts; undefined for a cursor that is not ours, or another caller's. */
  #start(exchange: Exchange, tools: readonly Tool[]): number | undefined {
    const text = paramText(exchange.message, 'cursor')
    if (text === undefined || text === 'null') return 0
    const cursor: unknown = JSON.parse(text)
    if (typeof cursor !== 'string') return undefined
    const after = this.#deps.sealer.open(cursor, cursorPurpose(exchange))?.toString()
    if (after === undefined) return undefined
    const index = tools.findIndex((tool) => tool.publicName > after)
    return index === -1 ? tools.length : index
  }

  #tail(exchange: Exchange, face: ApplicationFace, after: string | undefined): string {
    const meta: Record<string, unknown> = { [META_SOURCES]: this.sources(exchange.scope) }
    const tail: Record<string, unknown> = {}
    if (after !== undefined) {
      tail['nextCursor'] = this.#deps.sealer.seal(Buffer.from(after), cursorPurpose(exchange))
    }
    if (exchange.era === 'modern') {
      tail['resultType'] = 'complete'
      tail['ttlMs'] = face.ttlMs
      tail['cacheScope'] = 'private'
      meta[META_SERVER_INFO] = face.serverInfo
    }
    tail['_meta'] = meta
    return `,${JSON.stringify(tail).slice(1)}`
  }
}

/** One server's part in a list. */
export interface Source {
  readonly server: string
  readonly state: string
  readonly tools: number
  /** When its list was read, ISO 8601; null = never. */
  readonly at: string | null
}

function cursorPurpose(exchange: Exchange): string {
  return `${PURPOSE} ${exchange.scope} ${exchange.caller.principal.id}`
}

/** A response up to the end of its `tools`; the id comes last, so that this part serves everyone. */
function openMessage(tools: readonly Tool[], scope: string): Buffer {
  const parts = tools.flatMap((tool, index) => {
    const bytes = scope === '' ? tool.publicBytes : tool.ownBytes
    return index === 0 ? [bytes] : [COMMA, bytes]
  })
  const start = Buffer.from('{"jsonrpc":"2.0","result":{"tools":[')
  return Buffer.concat([start, ...parts, Buffer.from(']')])
}

const COMMA = Buffer.from(',')
