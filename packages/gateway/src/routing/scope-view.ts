import { publicName, splitName } from '@sallyport/kit/tool-name'
import type { Kind, ServerFacts } from '../upstreams/upstream.ts'
import type { ListChange, ServerCatalogue, ServerLists } from './catalogue.ts'
import { selects } from './glob.ts'
import { type Item, withName } from './item.ts'
import { linkKey, type Links } from './links.ts'
import { isSettled } from './listed.ts'
import { type Named, type NamedKind, nameItems } from './names.ts'
import type { ScopeRules } from './scope-rules.ts'
import { describeKnown, describeRead, type Target } from './target.ts'
import { overrideTool, showTool, type Tool, type ToolPins } from './tool.ts'
import { type Place, Uris } from './uris.ts'
import type { View } from './view.ts'

/** One entry as a list shows it. */
export interface Shown {
  readonly server: string
  /** Its public name or URI; lists are in this order. */
  readonly key: string
  /** Whether a modern client may have it. Source: MCP 2026-07-28, "Custom headers from tool parameters". */
  readonly modern: boolean
  bytes(): Buffer
}

interface Index<One extends Item> {
  readonly named: readonly Named<One>[]
  readonly targets: ReadonlyMap<string, Target>
}

interface OwnName {
  readonly server: string
  readonly name: string
}

export interface ScopeViewDeps {
  readonly rules: ScopeRules
  /** Tells the views of one gateway apart. */
  readonly key: string
  readonly catalogue: Pick<ServerLists, 'get'>
  readonly links: Links
  /** Called with each name that several entries claim without prefix, and what they are called instead. */
  onCollision(name: string, kept: readonly string[]): void
}

/** What one scope shows, indexed when it is first asked for and again after a list of its servers changed. */
export class ScopeView implements View {
  readonly key: string
  readonly servers: readonly string[]
  readonly passThrough: string | undefined
  readonly instructions: string | undefined
  readonly #deps: ScopeViewDeps
  #tools: Index<Tool> | undefined
  #prompts: Index<Item> | undefined
  #uris: Uris | undefined
  #facts: ReadonlyMap<string, ServerFacts> | undefined

  constructor(deps: ScopeViewDeps) {
    const { rules } = deps
    this.#deps = deps
    this.key = deps.key
    this.servers = rules.servers
    this.passThrough = rules.passThrough
    this.instructions = rules.endpoint?.instructions
  }

  /** Lets go of what a changed list took part in; `undefined` = a server's facts changed. */
  forget(kind: Kind | undefined): void {
    if (kind === 'tools' || kind === undefined) this.#tools = undefined
    if (kind === 'prompts') this.#prompts = undefined
    else this.#uris = undefined // tools name `ui://` resources, facts say who has any
    if (kind === undefined) this.#facts = undefined
  }

  tool(name: string): Target | undefined {
    return this.#toolIndex().targets.get(name) ?? this.#unlistedTool(name)
  }

  prompt(name: string): Target | undefined {
    const { targets } = (this.#prompts ??= this.#indexPrompts())
    return targets.get(name) ?? this.#unlistedPrompt(name)
  }

  resource(uri: string, principalId: string): Target | undefined {
    if (this.passThrough !== undefined) return this.#passed(uri, this.passThrough, false)
    return this.#read(this.uris().resource(uri, this.#learned(principalId, uri)))
  }

  template(uri: string, principalId: string): Target | undefined {
    if (this.passThrough !== undefined) return this.#passed(uri, this.passThrough, true)
    return this.#read(this.uris().template(uri, this.#learned(principalId, uri)))
  }

  movedUris(server: string): ReadonlyMap<string, string> | undefined {
    return this.uris().movedOf(server)
  }

  publicUri(server: string, uri: string, principalId: string): string {
    return this.uris().publicUri(server, uri, this.#learned(principalId, uri))
  }

  /** Whether something that its servers have may be left out for its callers. */
  get narrowed(): boolean {
    return this.#deps.rules.sight?.narrows === true
  }

  /** Whether a server is there for the callers of this view, in this scope or another one. */
  sees(server: string): boolean {
    return this.#deps.rules.sight?.server(server) !== false
  }

  /** Whether callers can have anything that a capability of servers promises. */
  offers(capability: string): boolean {
    const { sight } = this.#deps.rules
    if (sight?.narrows !== true) return true
    const resources = (): boolean => sight.hasResources || this.uris().resources.length > 0
    switch (capability) {
      case 'prompts':
        return sight.hasPrompts
      case 'resources':
        return resources()
      case 'completions':
        return sight.hasPrompts || resources()
      default:
        return true
    }
  }

  /** Whether a change of a server's or member's list shows under one of the names of the view. */
  isTouchedBy(name: string, { kind, items }: ListChange): boolean {
    const { sight } = this.#deps.rules
    const known = this.#deps.catalogue.get(name)
    if (sight?.narrows !== true || !known) return true
    return items.some((item) => {
      switch (kind) {
        case 'tools':
          return this.#seesTool(known, item.name, item as Tool) // of the list of tools
        case 'prompts':
          return sight.prompt(name, item.name)
        case 'resources':
        case 'resourceTemplates':
          return sight.uri(item.name, 'listed') || this.uris().lists(item.name)
        default:
          return kind satisfies never
      }
    })
  }

  /** What servers said of themselves; those never met are absent. */
  facts(): ReadonlyMap<string, ServerFacts> {
    return (this.#facts ??= new Map(
      this.catalogues().flatMap(({ server, facts }) => (facts ? [[server, facts] as const] : [])),
    ))
  }

  /** The servers of the scope as last read. */
  catalogues(): ServerCatalogue[] {
    return this.servers.flatMap((server) => this.#deps.catalogue.get(server) ?? [])
  }

  uris(): Uris {
    return (this.#uris ??= this.#indexUris())
  }

  /** Everything of a kind that the scope shows, in the order of public names. */
  shown(kind: Kind): Shown[] {
    return this.#entries(kind).toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  #learned(principalId: string, uri: string): string | undefined {
    return this.#deps.links.serverOf(linkKey(this.#deps.rules.scope, principalId), uri)
  }

  #entries(kind: Kind): Shown[] {
    if (kind === 'tools') return this.#toolIndex().named.map((tool) => this.#showTool(tool))
    if (kind === 'prompts') {
      const { named } = (this.#prompts ??= this.#indexPrompts())
      return named.map(({ server, item, publicName: key }) => {
        return { server, key, modern: true, bytes: () => withName(item, key) }
      })
    }
    const placed = kind === 'resources' ? this.uris().resources : this.uris().templates
    return placed.map(({ server, item, publicUri: key }) => {
      return { server, key, modern: true, bytes: () => withName(item, key) }
    })
  }

  #showTool({ server, item, publicName: key }: Named<Tool>): Shown {
    const moved = item.ui && this.movedUris(server)?.get(item.ui.uri)
    const bytes = (): Buffer => showTool(item, key, moved)
    return { server, key, modern: item.headers !== undefined, bytes }
  }

  #toolIndex(): Index<Tool> {
    return (this.#tools ??= this.#indexTools())
  }

  #indexTools(): Index<Tool> {
    const candidates = this.catalogues().flatMap((known) =>
      known.tools.items
        .filter((item) => isSendable(item, known) && this.#seesTool(known, item.name, item))
        .map((item) => ({ server: known.server, item })),
    )
    const { named: given, collisions } = nameItems(this.#deps.rules, 'tools', candidates)
    for (const [name, kept] of collisions) this.#deps.onCollision(name, kept)
    const named = given.map((one) => ({ ...one, item: this.#override(one) }))
    const targets = named.flatMap(({ server, item, publicName: shown }) => {
      const target = this.#toolTarget(server, item.name, item)
      return target ? [[shown, target] as const] : []
    })
    return { named, targets: new Map(targets) }
  }

  #indexPrompts(): Index<Item> {
    const candidates = this.catalogues().flatMap(({ server, prompts }) =>
      prompts.items
        .filter(({ name }) => this.#seesPrompt(server, name))
        .map((item) => ({ server, item })),
    )
    const { named, collisions } = nameItems(this.#deps.rules, 'prompts', candidates)
    for (const [name, kept] of collisions) this.#deps.onCollision(name, kept)
    const targets = named.flatMap(({ server, item, publicName: shown }) => {
      const target = this.#readTarget(server, 'prompt', item.name)
      return target ? [[shown, target] as const] : []
    })
    return { named, targets: new Map(targets) }
  }

  #indexUris(): Uris {
    const uiUris = new Map<string, string[]>()
    for (const { server, item } of this.#toolIndex().named) {
      if (item.ui?.uri.startsWith('ui://') !== true) continue
      const own = uiUris.get(server)
      if (own) own.push(item.ui.uri)
      else uiUris.set(server, [item.ui.uri])
    }
    const sources = this.catalogues().map((known) => ({
      server: known.server,
      members: known.members?.map(({ server }) => server),
      resources: known.resources.items,
      templates: known.resourceTemplates.items,
      uiUris: uiUris.get(known.server) ?? [],
      hasResources:
        known.offers.has('resources') ||
        known.resources.items.length + known.resourceTemplates.items.length > 0,
    }))
    return new Uris(this.#deps.rules, sources)
  }

  #override({ server, item }: Named<Tool>): Tool {
    const { endpoint } = this.#deps.rules
    if (!endpoint) return item
    const full = publicName(server, item.name)
    const description = ownValue(endpoint.describe, full)
    const pins = ownValue(endpoint.annotations, full)
    return description === undefined && !pins ? item : overrideTool(item, { description, pins })
  }

  #toolTarget(server: string, name: string, tool: Tool | undefined): Target | undefined {
    const known = this.#deps.catalogue.get(server)
    return known && describeKnown(known, name, tool, this.#pinsOf(server, name))
  }

  /** What an endpoint states about a tool. */
  #pinsOf(server: string, name: string): ToolPins | undefined {
    const { endpoint } = this.#deps.rules
    return endpoint && ownValue(endpoint.annotations, publicName(server, name))
  }

  #seesTool(known: ServerCatalogue, name: string, tool: Tool | undefined): boolean {
    const { sight } = this.#deps.rules
    return (
      sight?.narrows !== true || sight.tool(known, name, tool, this.#pinsOf(known.server, name))
    )
  }

  #seesPrompt(server: string, name: string): boolean {
    return this.#deps.rules.sight?.prompt(server, name) !== false
  }

  #readTarget(server: string, kind: 'prompt' | 'resource', name: string): Target | undefined {
    const known = this.#deps.catalogue.get(server)
    return known && describeRead(known.config, kind, name, known.members !== undefined)
  }

  /** A name that is on no list: its server is asked where the list was not read since it may have gained it. */
  #unlistedTool(name: string): Target | undefined {
    const { endpoint } = this.#deps.rules
    const renamed = Object.entries(endpoint?.rename ?? {}).find(([, shown]) => shown === name)
    const place = this.#unlistedPlace('tools', renamed?.[0] ?? name)
    // What has another name answers to that one alone.
    const other = place && ownValue(endpoint?.rename ?? {}, publicName(place.server, place.name))
    if (!place || (other !== undefined && other !== name)) return undefined
    return this.#toolTarget(place.server, place.name, undefined)
  }

  #unlistedPrompt(name: string): Target | undefined {
    const place = this.#unlistedPlace('prompts', name)
    return place && this.#readTarget(place.server, 'prompt', place.name)
  }

  #unlistedPlace(kind: NamedKind, name: string): OwnName | undefined {
    const { endpoint } = this.#deps.rules
    const place =
      this.passThrough === undefined ? this.#split(name) : { server: this.passThrough, name }
    if (!place || !this.servers.includes(place.server)) return undefined
    const known = this.#deps.catalogue.get(place.server)
    // A name that is listed is shown under another name, or not at all.
    if (!known || isSettled(known[kind]) || known[kind].byName.has(place.name)) return undefined
    const seen =
      kind === 'tools'
        ? this.#seesTool(known, place.name, undefined)
        : this.#seesPrompt(place.server, place.name)
    if (!seen) return undefined
    const shown = !endpoint || selects(endpoint[kind], publicName(place.server, place.name))
    return shown ? place : undefined
  }

  #split(name: string): OwnName | undefined {
    const parts = splitName(name)
    if (parts && this.servers.includes(parts.server)) {
      return { server: parts.server, name: parts.tool }
    }
    const [only] = this.servers
    const plain = this.#deps.rules.endpoint?.dropPrefix === true && this.servers.length === 1
    return plain && only !== undefined ? { server: only, name } : undefined
  }

  #passed(uri: string, server: string, asTemplate: boolean): Target | undefined {
    const { sight } = this.#deps.rules
    const seen =
      sight?.narrows !== true ||
      this.uris().lists(uri) ||
      (asTemplate && this.uris().listsTemplate(uri)) ||
      sight.uri(uri, 'unlisted')
    return seen ? this.#read({ server, uri }) : undefined
  }

  #read(place: Place | undefined): Target | undefined {
    return place && this.#readTarget(place.server, 'resource', place.uri)
  }
}

/** A value of a map in a configuration, not one that every object has. */
function ownValue<Value>(map: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

/**
 * Whether a tool can be called at all: towards a modern server over HTTP its arguments must travel as the
 * headers it declares, and a declaration that is none cannot be followed.
 *
 * Source: MCP 2026-07-28, "Custom headers from tool parameters" (clients must leave such tools out).
 */
function isSendable({ headers }: Tool, { config, facts }: ServerCatalogue): boolean {
  return headers !== undefined || config.kind !== 'http' || facts?.era !== 'modern'
}
