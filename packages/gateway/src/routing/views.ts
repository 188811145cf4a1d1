import type { EndpointConfig, NameLength } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { type Log, printable } from '@sallyport/kit/log'
import type { Exchange, SessionSealer } from '@sallyport/kit/mcp'
import type { Sight } from '@sallyport/kit/principal'
import type { CallResult } from '../call/call.ts'
import type { GroupStatus } from '../groups/group-status.ts'
import { type Kind, KINDS, type ServerFacts, type ServerStatus } from '../upstreams/upstream.ts'
import type { ListChange, ServerLists } from './catalogue.ts'
import { linkKey, type Links } from './links.ts'
import { Lists } from './lists.ts'
import { RestrictedViews } from './restricted-views.ts'
import { listScopes, restrictScope, type ScopeRules } from './scope-rules.ts'
import { ScopeView, type Shown } from './scope-view.ts'
import { SightFilter } from './sight-filter.ts'
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
  /** Views that are kept for callers who do not see everything; 1,000 by default. */
  readonly restrictedViews?: number
  /** Tools of the gateway itself, which every scope shows; none by default. */
  readonly ownTools?: readonly Shown[]
  readonly serverInfo: { readonly name: string; readonly version: string; readonly title?: string }
  readonly log: Log
}

/** Collisions that are remembered as logged; beyond them nothing more is logged. */
const LOGGED_MAX = 1_000

const RESTRICTED_VIEWS = 1_000

/**
 * The scopes of one gateway over its catalogue. A scope's view is made when it is first asked for; who does not
 * see everything has views of his own, shared by all who see the same.
 */
export class OpenViews implements Views {
  readonly #deps: OpenViewsDeps
  readonly #scopes: ReadonlyMap<string, ScopeRules>
  readonly #views = new Map<string, ScopeView>()
  readonly #restricted: RestrictedViews<ScopeView>
  readonly #lists: Lists
  readonly #logged = new Set<string>()
  #made = 0

  constructor(deps: OpenViewsDeps) {
    this.#deps = deps
    const { catalogue, endpoints, names } = deps
    this.#scopes = listScopes({ servers: catalogue.servers, endpoints, names })
    this.#lists = new Lists(deps)
    this.#restricted = new RestrictedViews(deps.restrictedViews ?? RESTRICTED_VIEWS, ({ key }) =>
      this.#lists.drop(key),
    )
    catalogue.onRead = (server, kind, changed) => this.#forget(server, kind, changed)
  }

  has(scope: string, sight?: Sight): boolean {
    if (sight === undefined) return this.#scopes.has(scope)
    return this.#restrictedView(scope, sight) !== undefined
  }

  get(scope: string, sight?: Sight): ScopeView {
    const view = sight === undefined ? this.#wholeView(scope) : this.#restrictedView(scope, sight)
    if (view) return view
    throw new AppError('not_found', 'there is no such server or endpoint')
  }

  unseen(scope: string, sight?: Sight): readonly string[] {
    const { catalogue } = this.#deps
    return this.#servers(scope, sight).filter((server) => {
      const known = catalogue.get(server)
      const parts = known?.members ?? (known ? [known] : [])
      return parts.some((part) => KINDS.some((kind) => part[kind].readAtMs === undefined))
    })
  }

  answerList(exchange: Exchange, kind: Kind, ttlMs: number): CallResult {
    const view = this.get(exchange.scope, exchange.caller.principal.sight)
    return this.#lists.answer(view, exchange, kind, ttlMs)
  }

  learn({ scope, principalId }: LinkReader, server: string, uris: readonly string[]): void {
    this.#deps.links.learn(linkKey(scope, principalId), server, uris)
  }

  facts(scope: string, sight?: Sight): ReadonlyMap<string, ServerFacts> {
    return this.get(scope, sight).facts()
  }

  shows(scope: string, server: string, sight?: Sight, change?: ListChange): boolean {
    const { catalogue } = this.#deps
    const names = this.#servers(scope, sight).filter(
      (name) =>
        name === server || catalogue.get(name)?.members?.some((one) => one.server === server),
    )
    if (names.length === 0 || sight === undefined || change === undefined) return names.length > 0
    const view = this.get(scope, sight)
    return names.some((name) => view.isTouchedBy(name, change))
  }

  #servers(scope: string, sight: Sight | undefined): readonly string[] {
    if (sight === undefined) return this.#scopes.get(scope)?.servers ?? []
    return this.#restrictedView(scope, sight)?.servers ?? []
  }

  #wholeView(scope: string): ScopeView | undefined {
    const known = this.#views.get(scope)
    if (known) return known
    const rules = this.#scopes.get(scope)
    if (!rules) return undefined
    const view = this.#open(rules, scope)
    this.#views.set(scope, view)
    return view
  }

  #restrictedView(scope: string, sight: Sight): ScopeView | undefined {
    const kept = this.#restricted.find(scope, sight.key)
    if (kept) return kept.view
    const rules = this.#scopes.get(scope)
    if (!rules) return undefined
    const own = restrictScope(rules, SightFilter.of(sight))
    this.#made += 1
    const view = own && this.#open(own, `${scope} ${this.#made}`)
    this.#restricted.keep(scope, sight.key, view)
    return view
  }

  #open(rules: ScopeRules, key: string): ScopeView {
    return new ScopeView({
      rules,
      key,
      catalogue: this.#deps.catalogue,
      links: this.#deps.links,
      onCollision: (name, kept) => this.#logCollision(rules.scope, name, kept),
    })
  }

  #forget(server: string, kind: Kind | undefined, changed: boolean): void {
    this.#lists.noteReading()
    if (!changed) return
    for (const view of this.#views.values()) this.#forgetIn(view, server, kind)
    for (const view of this.#restricted.values()) this.#forgetIn(view, server, kind)
  }

  #forgetIn(view: ScopeView, server: string, kind: Kind | undefined): void {
    if (!view.servers.includes(server)) return
    view.forget(kind)
    if (kind === undefined) return
    this.#lists.forget(view.key, kind)
    // Resources and the `ui://` URIs of tools may move each other.
    if (kind === 'prompts') return
    for (const other of ['tools', 'resources', 'resourceTemplates'] as const) {
      this.#lists.forget(view.key, other)
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
