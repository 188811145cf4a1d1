import type { ServerCatalogue } from '../routing/catalogue.ts'
import { isSettled } from '../routing/listed.ts'
import { fitsTemplate } from '../routing/uri-template.ts'
import { type Kind, KINDS } from '../upstreams/upstream.ts'
import type { Member } from './member.ts'

/** What a call names, and by which method. */
export interface Holders {
  readonly method: string
  /** The servers' own name or URI; undefined or empty where nothing of a list is named. */
  readonly name: string | undefined
}

interface Known {
  get(server: string): ServerCatalogue | undefined
}

const KINDS_OF: Readonly<Record<string, readonly Kind[]>> = {
  'tools/call': ['tools'],
  'prompts/get': ['prompts'],
  'resources/read': ['resources'],
  'resources/subscribe': ['resources'],
  'completion/complete': ['prompts', 'resources', 'resourceTemplates'],
}

/** What a member's lists say of a name: `open` = it may have gained it since they were read. */
type Say = 'listed' | 'unread' | 'open' | 'none'

/** What the templates of one member may cost in one look-up. */
const STEPS_MAX = 200_000

/**
 * The members a call may go to: those that list what it names and those whose lists were never read. Where
 * there is none, those that may have gained it since; of a resource those with a template that it fits; and
 * where it is on nobody's list, all.
 */
export function holdersOf(
  { method, name }: Holders,
  members: readonly Member[],
  catalogue: Known,
): readonly Member[] {
  const kinds = Object.hasOwn(KINDS_OF, method) ? KINDS_OF[method] : undefined
  if (kinds === undefined || name === undefined) return members
  const say = (member: Member): Say => sayOf(catalogue.get(member.server), kinds, name)
  // Nearly always: members do the same.
  if (members.every((member) => say(member) === 'listed')) return members
  const said = members.map(say)
  const those = (...wanted: Say[]): Member[] =>
    members.filter((_, at) => wanted.includes(said[at] ?? 'none'))
  if (!said.includes('listed') && kinds.includes('resources')) {
    const makers = members.filter((one) => hasTemplate(catalogue.get(one.server), name))
    if (makers.length === 0) return members
    return members.filter((one, at) => makers.includes(one) || said[at] === 'unread')
  }
  const holders = those('listed', 'unread')
  if (holders.length > 0) return holders
  const gained = those('open')
  return gained.length > 0 ? gained : members
}

/** Whether a URI may be of one of a server's templates. */
function hasTemplate(known: ServerCatalogue | undefined, uri: string): boolean {
  const budget = { steps: STEPS_MAX }
  return (known?.resourceTemplates.items ?? []).some(
    ({ template }) => template !== undefined && fitsTemplate(template, uri, budget),
  )
}

function sayOf(known: ServerCatalogue | undefined, kinds: readonly Kind[], name: string): Say {
  if (known === undefined) return 'unread'
  if (known.hidden === true) return 'none'
  let say: Say = 'none'
  for (const kind of kinds) {
    const listed = known[kind]
    if (listed.byName.has(name)) return 'listed'
    if (listed.readAtMs === undefined) say = 'unread'
    else if (say === 'none' && !isSettled(listed)) say = 'open'
  }
  return say
}

/** Whether a server is known to have what a call names. */
export function lists({ method, name }: Holders, known: ServerCatalogue | undefined): boolean {
  const kinds = Object.hasOwn(KINDS_OF, method) ? KINDS_OF[method] : undefined
  return kinds !== undefined && name !== undefined && sayOf(known, kinds, name) === 'listed'
}

/** Whether some list of a server was never read. */
export function isUnread(known: ServerCatalogue | undefined): boolean {
  return known === undefined || KINDS.some((kind) => known[kind].readAtMs === undefined)
}
