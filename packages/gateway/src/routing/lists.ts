import {
  type Exchange,
  idOf,
  META_SERVER_INFO,
  paramText,
  RPC,
  type SessionSealer,
} from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import type { CallResult } from '../call/call.ts'
import { encodeRefusal } from '../call/encode-answer.ts'
import type { GroupState, GroupStatus } from '../groups/group-status.ts'
import { type Kind, KINDS, type ServerState, type ServerStatus } from '../upstreams/upstream.ts'
import type { ScopeView, Shown } from './scope-view.ts'

/** Where a list's parts come from, and which of them are missing. */
export const META_SOURCES = 'dev.sallyport/sources'

export interface ListsDeps {
  readonly status: () => readonly ServerStatus[]
  /** None by default. */
  readonly groupStatus?: () => readonly GroupStatus[]
  readonly sealer: SessionSealer
  /** Entries on one page. */
  readonly pageItems: number
  /** Tools of the gateway itself, which every scope shows; none by default. */
  readonly ownTools?: readonly Shown[]
  readonly serverInfo: { readonly name: string; readonly version: string; readonly title?: string }
}

/** One list of one scope in one era, ready to be sent. */
interface Built {
  readonly items: readonly Shown[]
  /** The first page's message up to the end of its entries. */
  readonly firstPage: Buffer
  /** By server, how many of the entries are its own. */
  readonly counts: ReadonlyMap<string, number>
}

/** What follows the entries of a last page, up to the id: the same for every caller while nothing changes. */
interface Tail {
  readonly reading: number
  /** What tells the states of servers and groups from others. */
  readonly states: readonly string[]
  readonly ttlMs: number
  readonly bytes: Buffer
}

/** A member of a group whose members are not hidden. */
interface SourceMember {
  readonly server: string
  readonly state: ServerState
  /** Whether calls go to it. */
  readonly healthy: boolean
}

/** One server's part in a list, or that of a group. */
export interface Source {
  readonly server: string
  readonly state: ServerState | GroupState
  /**
   * When its list was read, ISO 8601; null = never, or nothing of it is shown for now. Of a group the oldest
   * reading of its members.
   */
  readonly at: string | null
  /** Of a group: how many members calls go to, and which, unless they are hidden. */
  readonly healthy?: number
  readonly members?: readonly SourceMember[]
  /** How many entries are its own, under the name of the list. */
  readonly [kind: string]: string | number | null | undefined | readonly SourceMember[]
}

/**
 * Answers the four lists: all servers of a scope merged in the order of public names, which does not
 * depend on when or by whom it is asked.
 *
 * Source: MCP 2026-07-28, "Pagination", "Caching"; design §5.
 */
export class Lists {
  readonly #deps: ListsDeps
  readonly #built = new Map<string, Built>()
  readonly #tails = new Map<string, Tail>()
  #reading = 0

  constructor(deps: ListsDeps) {
    this.#deps = deps
  }

  /** Notes that some list was read, so that what tells when is out of date. */
  noteReading(): void {
    this.#reading += 1
  }

  /** Lets go of one list of a view. */
  forget(view: string, kind: Kind): void {
    for (const era of ERAS) this.#built.delete(`${era} ${kind} ${view}`)
  }

  /** Lets go of everything of a view that is no more. */
  drop(view: string): void {
    for (const kind of KINDS) {
      this.forget(view, kind)
      for (const era of ERAS) this.#tails.delete(`${era} ${kind} ${view}`)
    }
  }

  /** The page an exchange asks for. */
  answer(view: ScopeView, exchange: Exchange, kind: Kind, ttlMs: number): CallResult {
    const built = this.#build(view, exchange, kind)
    const purpose = `list-cursor ${exchange.scope} ${kind} ${holderOf(exchange.caller.principal)}`
    const start = this.#start(exchange, built.items, purpose)
    if (start === undefined) return encodeRefusal(exchange, RPC.invalidParams, 'Invalid cursor')
    const end = start + this.#deps.pageItems
    const last = built.items[end - 1]
    const cursor =
      end < built.items.length && last
        ? `,"nextCursor":"${this.#deps.sealer.seal(Buffer.from(last.key), purpose)}"`
        : ''
    const bytes = start === 0 ? built.firstPage : openMessage(kind, built.items.slice(start, end))
    const tail = this.#tail(view, exchange, kind, ttlMs)
    const closing = Buffer.concat([Buffer.from(cursor), tail, idOf(exchange.message), CLOSING])
    return { answer: { bytes, more: [closing], status: 200 }, outcome: 'ok', code: null }
  }

  /** Which servers a scope shows, with state, number of entries and time of reading. */
  sources(view: ScopeView, kind: Kind, counts: ReadonlyMap<string, number>): readonly Source[] {
    const states = new Map(this.#deps.status().map(({ name, state }) => [name, state]))
    const groups = new Map(this.#deps.groupStatus?.().map((group) => [group.name, group]))
    return view.catalogues().map(({ server, hidden, [kind]: { shrunk, readAtMs } }) => {
      const group = groups.get(server)
      const state = shrunk ? 'degraded' : (states.get(server) ?? 'cold')
      return {
        ...{ server, state: group?.state ?? state, [kind]: counts.get(server) ?? 0 },
        at: readAtMs === undefined || hidden === true ? null : new Date(readAtMs).toISOString(),
        ...(group ? groupSource(group, view) : {}),
      }
    })
  }

  #build(view: ScopeView, { era }: Exchange, kind: Kind): Built {
    const key = `${era} ${kind} ${view.key}`
    const known = this.#built.get(key)
    if (known) return known
    const all = this.#withOwn(kind, view.shown(kind))
    // A modern client must drop such a tool anyway; a legacy one knows nothing of headers.
    const items = era === 'modern' ? all.filter(({ modern }) => modern) : all
    const counts = new Map<string, number>()
    for (const { server } of all) counts.set(server, (counts.get(server) ?? 0) + 1)
    const twin = this.#built.get(`${era === 'modern' ? 'legacy' : 'modern'} ${kind} ${view.key}`)
    const built: Built = {
      items,
      counts,
      // Two eras that show the same share the bytes.
      firstPage:
        twin?.items.length === items.length && all.length === items.length
          ? twin.firstPage
          : openMessage(kind, items.slice(0, this.#deps.pageItems)),
    }
    this.#built.set(key, built)
    return built
  }

  /** A name of the gateway's own means its own tool, also where a server has one of that name. */
  #withOwn(kind: Kind, shown: readonly Shown[]): readonly Shown[] {
    const { ownTools = [] } = this.#deps
    if (kind !== 'tools' || ownTools.length === 0) return shown
    const names = new Set(ownTools.map(({ key }) => key))
    const all = [...shown.filter(({ key }) => !names.has(key)), ...ownTools]
    return all.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Where the asked page starts; undefined for a cursor that is not ours, or another caller's. */
  #start(exchange: Exchange, items: readonly Shown[], purpose: string): number | undefined {
    const text = paramText(exchange.message, 'cursor')
    if (text === undefined || text === 'null') return 0
    const cursor: unknown = JSON.parse(text)
    if (typeof cursor !== 'string') return undefined
    const after = this.#deps.sealer.open(cursor, purpose)?.toString()
    if (after === undefined) return undefined
    const index = items.findIndex(({ key }) => key > after)
    return index === -1 ? items.length : index
  }

  #states(): readonly string[] {
    const states: string[] = this.#deps.status().map(({ state }) => state)
    for (const { state, members } of this.#deps.groupStatus?.() ?? []) {
      // A breaker takes a member out of rotation without changing its state.
      states.push(state, ...members.map((member) => (member.healthy ? 'in' : 'out')))
    }
    return states
  }

  #tail(view: ScopeView, exchange: Exchange, kind: Kind, ttlMs: number): Buffer {
    const { era } = exchange
    const key = `${era} ${kind} ${view.key}`
    const known = this.#tails.get(key)
    const states = this.#states()
    const fits =
      known?.reading === this.#reading &&
      known.ttlMs === ttlMs &&
      known.states.length === states.length &&
      known.states.every((state, index) => state === states[index])
    if (fits) return known.bytes
    const meta: Record<string, unknown> = {
      [META_SOURCES]: this.sources(view, kind, this.#build(view, exchange, kind).counts),
    }
    const tail: Record<string, unknown> = {}
    if (era === 'modern') {
      Object.assign(tail, { resultType: 'complete', ttlMs, cacheScope: 'private' })
      meta[META_SERVER_INFO] = this.#deps.serverInfo
    }
    tail['_meta'] = meta
    const bytes = Buffer.from(`,${JSON.stringify(tail).slice(1)},"id":`)
    this.#tails.set(key, { reading: this.#reading, states, ttlMs, bytes })
    return bytes
  }
}

/** Members that the view does not have on their own are not there for who sees the group alone. */
function groupSource(
  { healthy, hideMembers, members }: GroupStatus,
  view: ScopeView,
): Partial<Source> {
  if (hideMembers) return { healthy }
  const seen = members.filter(({ server }) => view.sees(server))
  if (seen.length === 0) return { healthy }
  const shown = seen.map(({ server, state, healthy: own }) => ({ server, state, healthy: own }))
  return { healthy, members: shown }
}

const ERAS = ['legacy', 'modern'] as const
const COMMA = Buffer.from(',')
const CLOSING = Buffer.from('}')

/** A response up to the end of its list; the id comes last, so that this part serves everyone. */
function openMessage(kind: Kind, items: readonly Shown[]): Buffer {
  const parts = items.flatMap((item, index) =>
    index === 0 ? [item.bytes()] : [COMMA, item.bytes()],
  )
  const start = Buffer.from(`{"jsonrpc":"2.0","result":{"${kind}":[`)
  return Buffer.concat([start, ...parts, Buffer.from(']')])
}
