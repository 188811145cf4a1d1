import type { GroupConfig, ServerConfig } from '@sallyport/contract/config'
import type { Kind } from '../upstreams/upstream.ts'
import type { Catalogue, ServerCatalogue, ServerLists } from './catalogue.ts'
import type { Item } from './item.ts'
import { isSettled, type Listed } from './listed.ts'

/** A group where calls are prepared: its configuration as that of one server, and its members. */
export interface GroupPlace {
  readonly config: ServerConfig
  readonly members: readonly string[]
}

interface Entry {
  readonly place: GroupPlace
  /** Made when it is asked for after a list of a member was read. */
  known: ServerCatalogue | undefined
}

/**
 * A catalogue in which groups are listed like servers, with everything that any member lists; of what
 * several list, the first one's description. Members that are hidden have no scope of their own.
 */
export class GroupCatalogue implements ServerLists {
  readonly servers: readonly string[]
  onRead: ServerLists['onRead']
  readonly #catalogue: Catalogue
  readonly #groups = new Map<string, Entry>()
  /** The groups of each member. */
  readonly #groupsOf = new Map<string, string[]>()

  /** Takes the catalogue's `onRead` for itself. The catalogue must know the members. */
  constructor(catalogue: Catalogue, groups: Readonly<Record<string, GroupConfig>>) {
    this.#catalogue = catalogue
    const hidden = new Set<string>()
    for (const group of Object.values(groups)) {
      const members = group.members.map(({ server }) => server)
      const config = configOf(
        group.name,
        members.flatMap((server) => catalogue.get(server)?.config ?? []),
      )
      if (config === undefined) continue
      this.#groups.set(group.name, { place: { config, members }, known: undefined })
      for (const server of members) {
        this.#groupsOf.set(server, [...(this.#groupsOf.get(server) ?? []), group.name])
        if (group.hideMembers) hidden.add(server)
      }
    }
    const shown = catalogue.servers.filter((server) => !hidden.has(server))
    this.servers = [...shown, ...this.#groups.keys()].toSorted()
    catalogue.onRead = (server, kind, changed) => this.#onRead(server, kind, changed)
  }

  get(server: string): ServerCatalogue | undefined {
    const group = this.#groups.get(server)
    if (group === undefined) return this.#catalogue.get(server)
    return (group.known ??= this.#merge(group.place))
  }

  /** A group; undefined for any other name. */
  place(name: string): GroupPlace | undefined {
    return this.#groups.get(name)?.place
  }

  #onRead(server: string, kind: Kind | undefined, changed: boolean): void {
    const groups = this.#groupsOf.get(server) ?? []
    for (const name of groups) {
      const group = this.#groups.get(name)
      if (group) group.known = undefined
    }
    this.onRead?.(server, kind, changed)
    for (const name of groups) this.onRead?.(name, kind, changed)
  }

  #merge({ config, members: names }: GroupPlace): ServerCatalogue {
    const members = names.flatMap((server) => this.#catalogue.get(server) ?? [])
    const met = members.find(({ facts }) => facts !== undefined)
    // Only where all are hidden is the group as they are: a call by name is told why.
    const shown = members.filter(({ hidden }) => hidden !== true)
    const seen = shown.length > 0 ? shown : members
    return {
      ...{ server: config.name, config, members },
      tools: mergeLists(seen.map(({ tools }) => tools)),
      resources: mergeLists(seen.map(({ resources }) => resources)),
      resourceTemplates: mergeLists(seen.map(({ resourceTemplates }) => resourceTemplates)),
      prompts: mergeLists(seen.map(({ prompts }) => prompts)),
      facts: met?.facts,
      offers: met?.offers ?? new Set(),
      hidden: shown.length === 0,
    }
  }
}

/** All entries of several lists; those of the first one that has a name. */
function mergeLists<One extends Item>(lists: readonly Listed<One>[]): Listed<One> {
  const byName = new Map<string, One>()
  for (const { items } of lists) {
    for (const item of items) if (!byName.has(item.name)) byName.set(item.name, item)
  }
  const read = lists.flatMap(({ readAtMs }) => readAtMs ?? [])
  return {
    ...{ items: [...byName.values()], byName },
    // What is on no list exists nowhere only if that is true of each.
    ...{ fresh: lists.every(isSettled), shrunk: false },
    readAtMs: read.length === 0 ? undefined : Math.min(...read),
    ...{ digest: '', page: Buffer.alloc(0) },
  }
}

/**
 * A group as calls see it: the first member's configuration under the group's name. Calls have the longest
 * deadline of the members; where one is remote, what is said to remote servers only is said.
 */
function configOf(name: string, members: readonly ServerConfig[]): ServerConfig | undefined {
  const base = members.find(({ kind }) => kind === 'http') ?? members[0]
  if (base === undefined) return undefined
  const tools = Object.assign(
    {},
    ...members.map((one) => one.tools).toReversed(),
  ) as ServerConfig['tools'] // maps of one type make a map of that type
  return { ...base, name, tools, callMs: Math.max(...members.map(({ callMs }) => callMs)) }
}
