import type { Sight } from '@sallyport/kit/principal'
import type { RunnableConfig } from '../config/index.ts'
import { SightFilter } from '../routing/sight-filter.ts'

type Listing = Pick<RunnableConfig, 'servers' | 'groups' | 'endpoints' | 'names'> & {
  readonly limits: Pick<RunnableConfig['limits'], 'results'>
}

/** Whether clients may see other lists: anything but that is cheap to tell them. */
export function changesLists(before: Listing, after: Listing): boolean {
  return listingOf(before) !== listingOf(after)
}

/** The same for who does not see everything: by what is left of both in that scope. */
export function changesSeen(before: Listing, after: Listing, scope: string, sight: Sight): boolean {
  return listingOf(seenPart(before, scope, sight)) !== listingOf(seenPart(after, scope, sight))
}

function listingOf({ servers, groups, endpoints, names, limits }: Listing): string {
  return JSON.stringify([
    Object.values(servers).map(({ name, tools, trustAnnotations }) => [
      name,
      tools,
      trustAnnotations,
    ]),
    ...[groups, endpoints, names, limits.results],
  ])
}

const ENDPOINT = 'endpoint/'

/** What of a configuration decides the lists of a scope under a sight, and maybe a little more. */
function seenPart(config: Listing, scope: string, sight: Sight): Listing {
  const filter = SightFilter.of(sight)
  const { groups, servers, endpoints, names, limits } = config
  const isHere = (name: string): boolean =>
    filter.server(name) && (scope === '' || scope.startsWith(ENDPOINT) || scope === name)
  const ownGroups = Object.values(groups).filter(({ name }) => isHere(name))
  const groupsOf = (server: string): readonly string[] =>
    ownGroups.flatMap(({ name, members }) =>
      members.some((one) => one.server === server) ? name : [],
    )
  const seen = Object.values(servers).flatMap((server) => {
    const shownAs = [...(isHere(server.name) ? [server.name] : []), ...groupsOf(server.name)]
    if (shownAs.length === 0) return []
    const pins = Object.entries(server.tools).filter(([tool]) =>
      shownAs.some((name) => filter.selects(name, tool)),
    )
    return [[server.name, { ...server, tools: Object.fromEntries(pins) }] as const]
  })
  const own = Object.entries(endpoints).filter(([name]) => scope === `${ENDPOINT}${name}`)
  return {
    ...{ names, limits, servers: Object.fromEntries(seen) },
    groups: Object.fromEntries(ownGroups.map((group) => [group.name, group])),
    endpoints: Object.fromEntries(own),
  }
}
