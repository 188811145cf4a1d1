import type { EndpointConfig, NameLength } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { type Log, printable } from '@sallyport/kit/log'
import type { Exchange, SessionSealer } from '@sallyport/kit/mcp'
import type { CallResult } from '../call/call.ts'
import type { GroupStatus } from '../groups/group-status.ts'
import { type Kind, KINDS, type ServerFacts, type ServerStatus } from '../upstreams/upstream.ts'
import type { ServerLists } from './catalogue.ts'
import { linkKey, type Links } from './links.ts'
import { Lists } from './lists.ts'
import { listScopes, type ScopeRules } from './scope-rules.ts'
import { ScopeView, type Shown } from './scope-view.ts'
import type { LinkReader, Views } from './view.ts'

export interface OpenViewsDeps {
  readonly catalogue: ServerLists
  readonly endpoints: Readonly<Record<string, EndpointConfig>>
  readonly names: NameLength
  readonly status: () => readonly ServerStatus[]
  /** None by default. */
  readonly groupStatus?: () => readonly GroupStatus[]
  readonly sealer: SessionSealer
  /** Links that servers gave; outlive these views. */
  readonly links: Links
  /** Entries on one page of a list. */
  readonly pageItems: number
  /** Tools of the gateway itself, which every scope shows; none by default. */
  readonly ownTools?: readonly Shown[]
  readonly serverInfo: { readonly name: string; readonly version: string; readonly title?: string }
  readonly log: Log
}

/** Collisions that are remembered as logged; beyond them nothing more is logged. */
const LOGGED_MAX = 1_000

/** The scopes of one gateway over its catalogue. A scope's view is made when it is first asked for. */
export class OpenViews implements Views {
  readonly #deps: OpenViewsDeps
  readonly #scopes: ReadonlyMap<string, ScopeRules>
  readonly #views = new Map<string, ScopeView>()
  readonly #lists: Lists
  readonly #logged = new Set<string>()

  constructor(deps: OpenViewsDeps) {
    this.#deps = deps
    const { catalogue, endpoints, names } = deps
    this.#scopes = listScopes({ servers: catalogue.servers, endpoints, names })
    this.#lists = new Lists(deps)
    catalogue.onRead = (server, kind, changed) => this.#forget(server, kind, changed)
  }

  has(scope: string): boolean {
    return this.#scopes.has(scope)
  }

  get(scope: string): ScopeView {
    const known = this.#views.get(scope)
    if (known) return known
    const rules = this.#scopes.get(scope)
    if (!rules) throw new AppError('not_found', 'there is no such server or endpoint')
    const view = new ScopeView({
      rules,
      catalogue: this.#deps.catalogue,
      links: this.#deps.links,
      onCollision: (name, kept) => this.#logCollision(scope, name, kept),
    })
    this.#views.set(scope, view)
    return view
  }

  unseen(scope: string): readonly string[] {
    const { catalogue } = this.#deps
    const servers = this.#scopes.get(scope)?.servers ?? []
    return servers.filter((server) => {
      const known = catalogue.get(server)
      const parts = known?.members ?? (known ? [known] : [])
      return parts.some((part) => KINDS.some((kind) => part[kind].readAtMs === undefined))
    })
  }

  answerList(exchange: Exchange, kind: Kind, ttlMs: number): CallResult {
    return this.#lists.answer(this.get(exchange.scope), exchange, kind, ttlMs)
  }

  learn({ scope, principalId }: LinkReader, server: string, uris: readonly string[]): void {
    this.#deps.links.learn(linkKey(scope, principalId), server, uris)
  }

  facts(scope: string): ReadonlyMap<string, ServerFacts> {
    return this.get(scope).facts()
  }

  shows(scope: string, server: string): boolean {
    const { catalogue } = this.#deps
    const servers = this.#scopes.get(scope)?.servers ?? []
    if (servers.includes(server)) return true
    return servers.some((name) =>
      catalogue.get(name)?.members?.some((one) => one.server === server),
    )
  }

  #forget(server: string, kind: Kind | undefined, changed: boolean): void {
    this.#lists.noteReading()
    if (!changed) return
    for (const [scope, view] of this.#views) {
      if (!view.servers.includes(server)) continue
      view.forget(kind)
      if (kind === undefined) continue
      this.#lists.forget(scope, kind)
      // Resources and the `ui://` URIs of tools may move each other.
      if (kind !== 'prompts') {
        for (const other of ['tools', 'resources', 'resourceTemplates'] as const) {
          this.#lists.forget(scope, other)
        }
      }
    }
  }

  #logCollision(scope: string, name: string, kept: readonly string[]): void {
    const key = `${scope} ${name}`
    if (this.#logged.has(key) || this.#logged.size >= LOGGED_MAX) return
    this.#logged.add(key)
    const fields = {
      endpoint: scope.slice('endpoint/'.length),
      name: printable(name, 256),
      kept: kept.slice(0, 4).map((full) => printable(full, 256)),
    }
    const sentence = 'several tools or prompts would have one name, so they keep their prefix'
    this.#deps.log.warn(fields, sentence)
  }
}
