import { isCanonical } from './canonical.ts'
import { isDenied, selects } from './glob.ts'
import type { Item, TemplateItem } from './item.ts'
import { Kin } from './kin.ts'
import type { ScopeRules } from './scope-rules.ts'
import { fitsTemplate, type UriTemplate } from './uri-template.ts'

/** What one server contributes to the URIs of a scope. */
export interface UriSource {
  readonly server: string
  /** Of a group. */
  readonly members?: readonly string[] | undefined
  readonly resources: readonly Item[]
  readonly templates: readonly TemplateItem[]
  /** `ui://` resources that the tools it shows here name. */
  readonly uiUris: readonly string[]
  /** By its facts or by what it lists. */
  readonly hasResources: boolean
}

/** Where a public URI leads. */
export interface Place {
  readonly server: string
  /** The server's own URI. */
  readonly uri: string
}

/** A resource or template as a scope lists it. */
export interface PlacedItem {
  readonly server: string
  readonly item: Item
  readonly publicUri: string
}

interface Matcher {
  readonly server: string
  readonly template: UriTemplate
}

const SEPARATOR = '+'
/** What the templates of one server may cost in one look-up; some 30 short ones against a URI of any length. */
const STEPS_MAX = 200_000
/** The same for a link in a result, which may hold many. */
const LINK_STEPS_MAX = 2_000
const WEB = /^https?:/i

/**
 * The URIs of one scope. They pass unchanged; those that two servers list, or that could be mistaken for
 * `<server>+<uri>`, carry that form; `ui://` URIs keep their beginning, `ui://<server>+...`. What a group and
 * its members list is listed once and led to the group; `<member>+<uri>` leads to the member all the same.
 *
 * Source: design §3, "Names"; docs/adr/008.
 */
export class Uris {
  readonly resources: readonly PlacedItem[]
  readonly templates: readonly PlacedItem[]
  readonly #rules: ScopeRules
  readonly #moved: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly #resourcePlaces = new Map<string, Place>()
  readonly #templatePlaces = new Map<string, Place>()
  readonly #matchers: readonly Matcher[]
  readonly #only: string | undefined
  readonly #kin: Kin
  /** Of what several of a kin have: which of them it leads to. */
  readonly #leads: ReadonlyMap<string, string>

  constructor(rules: ScopeRules, sources: readonly UriSource[]) {
    this.#rules = rules
    this.#kin = new Kin(sources)
    const shown = sources.map((source) => showSource(rules, source))
    const { moved, leads } =
      rules.passThrough === undefined ? moveUris(rules.servers, shown, this.#kin) : UNMOVED
    this.#moved = moved
    this.#leads = leads
    for (const { server, uiUris } of shown) {
      for (const uri of uiUris) this.#lead(this.#resourcePlaces, server, uri)
    }
    this.resources = this.#place(
      shown.map(({ server, resources: items }) => ({ server, items })),
      this.#resourcePlaces,
    )
    this.templates = this.#place(
      shown.map(({ server, templates: items }) => ({ server, items })),
      this.#templatePlaces,
    )
    this.#matchers = listMatchers(sources, this.#kin)
    this.#only = onlyAble(sources, this.#kin)
  }

  /** A server's URIs that carry another public form; undefined when all pass unchanged. */
  movedOf(server: string): ReadonlyMap<string, string> | undefined {
    return this.#moved.get(server)
  }

  /**
   * What a server's URI is called here, listed or not: `<server>+<uri>` where the plain one is listed by
   * another server, was given to this caller by another, or fits its template. Addresses on the web are the
   * same for everyone and stay. `learned` as for `resource`.
   */
  publicUri(server: string, uri: string, learned: string | undefined): string {
    if (this.#rules.passThrough !== undefined) return uri
    const moved = this.#moved.get(server)?.get(uri)
    if (moved !== undefined) return moved
    const shown = withServer(server, uri)
    if (this.#prefixed(uri)) return shown
    const listed = this.#resourcePlaces.get(uri)?.server
    if (WEB.test(uri) || (listed !== undefined && this.#kin.are(listed, server))) return uri
    // A link may be known to the one member alone that gave it.
    if (listed !== undefined || (learned ?? server) !== server) return shown
    const other = this.#matching(uri, LINK_STEPS_MAX)
    return other === undefined || this.#kin.are(other, server) ? uri : shown
  }

  /** Whether a public URI is one that the scope lists, or that a tool it lists names. */
  lists(uri: string): boolean {
    return this.#resourcePlaces.has(uri)
  }

  /** Whether a public URI is a template that the scope lists. */
  listsTemplate(uri: string): boolean {
    return this.#templatePlaces.has(uri)
  }

  /** Where a URI leads. `learned` is the server that gave the caller this link, if one did. */
  resource(uri: string, learned: string | undefined): Place | undefined {
    const listed = this.#resourcePlaces.get(uri)
    if (listed) return listed
    const given = this.#own(learned, uri)
    if (given) return this.#deniesGiven(uri) ? undefined : given
    const found =
      this.#prefixed(uri) ??
      this.#own(this.#matching(uri, STEPS_MAX), uri) ??
      this.#own(this.#only, uri)
    return found && this.#allowsUnlisted(found.uri) ? found : undefined
  }

  /** Where a template, or a resource, of that public URI leads. */
  template(uri: string, learned: string | undefined): Place | undefined {
    return this.#templatePlaces.get(uri) ?? this.resource(uri, learned)
  }

  /** Each public URI once: what a kin has, as its lead lists it. */
  #place(lists: readonly ListOf[], places: Map<string, Place>): readonly PlacedItem[] {
    const placed = new Map<string, PlacedItem>()
    for (const { server, items } of lists) {
      for (const item of items) {
        const publicUri = this.#shownAs(server, item.name)
        this.#lead(places, server, item.name)
        if (placed.has(publicUri) && this.#leads.get(item.name) !== server) continue
        placed.set(publicUri, { server, item, publicUri })
      }
    }
    return [...placed.values()]
  }

  /** Leads a server's URI to it, or to the lead of its kin; by `<server>+<uri>` to itself in any case. */
  #lead(places: Map<string, Place>, server: string, uri: string): void {
    const lead = this.#leads.get(uri)
    places.set(this.#shownAs(server, uri), { server: lead ?? server, uri })
    if (lead !== undefined) places.set(withServer(server, uri), { server, uri })
  }

  #shownAs(server: string, uri: string): string {
    return this.#moved.get(server)?.get(uri) ?? uri
  }

  #own(server: string | undefined, uri: string): Place | undefined {
    return server !== undefined && this.#rules.servers.includes(server)
      ? { server, uri }
      : undefined
  }

  /** Reads `<server>+<uri>` where the scope has such a server. */
  #prefixed(uri: string): Place | undefined {
    const place = withoutServer(uri)
    return place && this.#own(place.server, place.uri)
  }

  #matching(uri: string, stepsMax: number): string | undefined {
    const budgets = new Map<string, { steps: number }>()
    return this.#matchers.find(({ server, template }) => {
      const budget = budgets.get(server) ?? { steps: stepsMax }
      budgets.set(server, budget)
      return fitsTemplate(template, uri, budget)
    })?.server
  }

  #deniesGiven(uri: string): boolean {
    const { endpoint, sight } = this.#rules
    if (sight?.uri(uri, 'given') === false) return true
    return endpoint !== undefined && isDenied(endpoint.resources.deny, uri)
  }

  /**
   * Whether a URI that is on no list may be read. Where an endpoint selects resources it must be among those
   * it allows, in the one spelling that servers cannot read otherwise: a denied one has many.
   */
  #allowsUnlisted(uri: string): boolean {
    const { endpoint, sight } = this.#rules
    if (sight?.uri(uri, 'unlisted') === false) return false
    if (!endpoint) return true
    const { allow, deny } = endpoint.resources
    if (allow === undefined) return deny.length === 0
    return selects(endpoint.resources, uri) && isCanonical(uri)
  }
}

function showSource({ endpoint, sight }: ScopeRules, source: UriSource): UriSource {
  if (!endpoint && sight?.narrows !== true) return source
  const passes = ({ name }: Item): boolean =>
    (!endpoint || selects(endpoint.resources, name)) && sight?.uri(name, 'listed') !== false
  const isShownUi = (uri: string): boolean =>
    !isDenied(endpoint?.resources.deny ?? [], uri) && sight?.uri(uri, 'declared') !== false
  const ui = new Set(source.uiUris.filter(isShownUi))
  return {
    ...source,
    resources: source.resources.filter((item) => passes(item) || ui.has(item.name)),
    templates: source.templates.filter(passes),
    uiUris: [...ui],
  }
}

interface ListOf {
  readonly server: string
  readonly items: readonly Item[]
}

interface Moves {
  /** By server, its own URIs to public ones. */
  readonly moved: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly leads: ReadonlyMap<string, string>
}

const UNMOVED: Moves = { moved: new Map(), leads: new Map() }

function moveUris(servers: readonly string[], sources: readonly UriSource[], kin: Kin): Moves {
  const names = new Set(servers)
  const owners = new Map<string, Set<string>>()
  for (const { server, resources, templates, uiUris } of sources) {
    const uris = [...resources.map(nameOf), ...templates.map(nameOf), ...uiUris]
    for (const uri of uris) owners.set(uri, (owners.get(uri) ?? new Set()).add(server))
  }
  const moved = new Map<string, Map<string, string>>()
  const leads = new Map<string, string>()
  for (const [uri, own] of owners) {
    const looksPrefixed = names.has(withoutServer(uri)?.server ?? '')
    const lead = looksPrefixed ? undefined : kin.leadOf([...own])
    if (lead !== undefined) {
      if (own.size > 1) leads.set(uri, lead)
      continue
    }
    for (const server of own) {
      const ofServer = moved.get(server) ?? new Map<string, string>()
      moved.set(server, ofServer.set(uri, withServer(server, uri)))
    }
  }
  return { moved, leads }
}

/** Hosts of MCP Apps take nothing that does not begin with it. Source: MCP Apps, "UI resources". */
const UI = 'ui://'

function withServer(server: string, uri: string): string {
  return uri.startsWith(UI)
    ? `${UI}${server}${SEPARATOR}${uri.slice(UI.length)}`
    : `${server}${SEPARATOR}${uri}`
}

/** Takes a public form apart; undefined for a URI that has none. */
function withoutServer(uri: string): Place | undefined {
  const start = uri.startsWith(UI) ? UI.length : 0
  const at = uri.indexOf(SEPARATOR)
  if (at <= start) return undefined
  return { server: uri.slice(start, at), uri: uri.slice(0, start) + uri.slice(at + 1) }
}

function nameOf({ name }: Item): string {
  return name
}

/**
 * The closest template first; among equals the order of the servers decides. What a group lists too leads to
 * the group.
 */
function listMatchers(sources: readonly UriSource[], kin: Kin): Matcher[] {
  const groups = sources
    .filter(({ members }) => members !== undefined)
    .map(({ server, templates }) => ({ server, names: new Set(templates.map(nameOf)) }))
  const all = sources.flatMap(({ server, templates }) =>
    templates.flatMap(({ name, template }) => {
      const group = groups.find((one) => kin.has(one.server, server) && one.names.has(name))
      return template ? [{ server: group?.server ?? server, template }] : []
    }),
  )
  return all.toSorted((a, b) => b.template.literalLength - a.template.literalLength)
}

/** The one server that has any resources; a group does not count beside a member that has. */
function onlyAble(sources: readonly UriSource[], kin: Kin): string | undefined {
  const able = sources.filter(({ hasResources }) => hasResources).map(({ server }) => server)
  const own = able.filter((server) => !able.some((other) => kin.has(server, other)))
  return own.length === 1 ? own[0] : undefined
}
