import { entriesOf, type ListTree, type MapTree, type Tree, textOf, under } from './tree.ts'

/** Lists that may be written as maps. */
const KEYED = new Set(['environment', 'labels', 'args', 'sysctls', 'extra_hosts', 'annotations'])
/** Lists of names that stand for maps of nothing. */
const NAMED = new Set(['depends_on', 'networks'])
/** Lists that an overlay replaces as a whole. */
const REPLACED = new Set(['command', 'entrypoint', 'test'])

/**
 * An overlay over a compose file: maps by key, scalars and commands replaced, lists appended to, mounts by target.
 *
 * Source: Compose specification, "Merge".
 */
export function merged(base: Tree, over: Tree, key = ''): Tree {
  if (over.mark === 'override') return over
  if (KEYED.has(key)) return mergedMaps(asMap(base), asMap(over))
  if (NAMED.has(key)) return mergedMaps(asNames(base), asNames(over))
  if (base.kind === 'map' && over.kind === 'map') return mergedMaps(base, over)
  if (base.kind === 'list' && over.kind === 'list' && !REPLACED.has(key)) {
    return mergedLists(base, over)
  }
  return over
}

function mergedMaps(base: MapTree, over: MapTree): MapTree {
  const entries = new Map(base.entries)
  for (const [key, value] of over.entries) {
    const before = entries.get(key)
    if (value.mark === 'reset') entries.delete(key)
    else entries.set(key, before === undefined ? value : merged(before, value, key))
  }
  return { ...over, entries }
}

function mergedLists(base: ListTree, over: ListTree): ListTree {
  const replaced = new Set(over.items.map(identity))
  const kept = base.items.filter((item) => !replaced.has(identity(item)))
  return { ...over, items: [...kept, ...over.items] }
}

/** What makes two entries of a list the same: where a mount goes, else all of it. */
function identity(item: Tree): string {
  const target = textOf(under(item, 'target'))
  const published = textOf(under(item, 'published'))
  if (target !== undefined) return `${target} ${published ?? ''}`
  const text = textOf(item)
  const mount = text === undefined ? undefined : /^[^:]+:(\/[^:]+)(?::[a-zA-Z,]+)?$/.exec(text)?.[1]
  return `${mount ?? text ?? item.at} `
}

function asMap(tree: Tree): MapTree {
  return { kind: 'map', at: tree.at, entries: entriesOf(tree) }
}

function asNames(tree: Tree): MapTree {
  if (tree.kind === 'map') return tree
  const names = tree.kind === 'list' ? tree.items : []
  const entries = names.flatMap((item): [string, Tree][] => {
    const name = textOf(item)
    return name === undefined ? [] : [[name, { kind: 'map', at: item.at, entries: new Map() }]]
  })
  return { kind: 'map', at: tree.at, entries: new Map(entries) }
}
