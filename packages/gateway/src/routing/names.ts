import { publicName } from '@sallyport/kit/tool-name'
import { selects } from './glob.ts'
import type { Item } from './item.ts'
import type { ScopeRules } from './scope-rules.ts'
import { shortName } from './short-name.ts'

/** An entry on its way to a public name. */
export interface Candidate<One extends Item> {
  readonly server: string
  readonly item: One
}

/** An entry under the name a scope shows. */
export interface Named<One extends Item> extends Candidate<One> {
  readonly publicName: string
}

export interface Naming<One extends Item> {
  readonly named: readonly Named<One>[]
  /** Names without prefix that several entries would have had; each of these kept its prefix. */
  readonly collisions: ReadonlyMap<string, readonly string[]>
}

/** Kinds that have names with a prefix. */
export type NamedKind = 'tools' | 'prompts'

/**
 * Gives the entries of a scope their public names, each once: what the operator chose, else the name
 * without prefix where the scope drops it and nothing else claims it, else `<server>__<name>`; cut where
 * the scope wants short names. Entries the scope does not show are left out.
 *
 * Source: design §3, "Names".
 */
export function nameItems<One extends Item>(
  rules: ScopeRules,
  kind: NamedKind,
  candidates: readonly Candidate<One>[],
): Naming<One> {
  if (rules.passThrough !== undefined) {
    return {
      named: candidates.map((one) => ({ ...one, publicName: one.item.name })),
      collisions: NONE,
    }
  }
  const { endpoint } = rules
  const shown = candidates
    .map((one) => ({ ...one, full: publicName(one.server, one.item.name) }))
    .filter(({ full }) => !endpoint || selects(endpoint[kind], full))
  const renamed = kind === 'tools' && endpoint ? endpoint.rename : {}
  const chosen = new Set(Object.values(renamed))
  const claims = endpoint?.dropPrefix === true ? claimNames(shown, renamed) : undefined
  const fulls = new Set(shown.map(({ full }) => full))
  const isFree = (name: string): boolean =>
    claims?.get(name)?.length === 1 && !chosen.has(name) && !fulls.has(name)
  const named = shown.map(({ server, item, full }) => {
    const free = isFree(item.name) ? item.name : full
    return {
      server,
      item,
      publicName: Object.hasOwn(renamed, full) ? (renamed[full] ?? full) : free,
    }
  })
  const collisions = [...(claims ?? NONE)].filter(([name]) => !isFree(name))
  return {
    named: rules.names === 'short' ? shorten(named) : named,
    collisions: new Map(collisions),
  }
}

const NONE: ReadonlyMap<string, readonly string[]> = new Map()

interface Full {
  readonly item: Item
  readonly full: string
}

/** Who would be called what without a prefix. */
function claimNames(
  shown: readonly Full[],
  renamed: Readonly<Record<string, string>>,
): Map<string, string[]> {
  const claims = new Map<string, string[]>()
  for (const { item, full } of shown) {
    if (Object.hasOwn(renamed, full)) continue
    const known = claims.get(item.name)
    if (known) known.push(full)
    else claims.set(item.name, [full])
  }
  return claims
}

function shorten<One extends Item>(named: readonly Named<One>[]): Named<One>[] {
  const taken = new Set(named.map((one) => one.publicName))
  // In order, so that who gets which name does not depend on who was read first.
  const ordered = named.toSorted((a, b) => (a.publicName < b.publicName ? -1 : 1))
  return ordered.map((one) => {
    const name = shortName(one.publicName, (text) => taken.has(text))
    taken.add(name)
    return name === one.publicName ? one : { ...one, publicName: name }
  })
}
