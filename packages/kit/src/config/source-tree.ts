import type { ConfigPath, Place } from './problem.ts'

interface SourceBase {
  readonly place: Place
  /** As the author wrote it, also after an adapter moved the node. */
  readonly path: ConfigPath
}

export interface ScalarNode extends SourceBase {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** Whether the text came (in part) from a `${...}` reference. */
  readonly referenced: boolean
}

export interface ListNode extends SourceBase {
  readonly kind: 'list'
  readonly items: readonly SourceNode[]
}

export interface MapEntry {
  readonly keyPlace: Place
  readonly node: SourceNode
}

export interface MapNode extends SourceBase {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, MapEntry>
}

/** A configuration document whose every value and key still knows where it was written. Never changed. */
export type SourceNode = ScalarNode | ListNode | MapNode

/** The plain value, with maps that have no prototype, so that no key can reach one. */
export function toValue(node: SourceNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'list':
      return node.items.map(toValue)
    case 'map': {
      // Object.create is typed `any`; the annotation keeps that from spreading.
      const value: Record<string, unknown> = Object.create(null)
      for (const [key, entry] of node.entries) value[key] = toValue(entry.node)
      return value
    }
  }
}

/** A plain JSON value as a document of its own, all of it at one place and below one path. */
export function toNode(value: unknown, place: Place, path: ConfigPath): SourceNode {
  if (Array.isArray(value)) {
    const items = value.map((item, at) => toNode(item, place, [...path, at]))
    return { kind: 'list', items, place, path }
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, child]): [string, MapEntry] => [
      key,
      { keyPlace: place, node: toNode(child, place, [...path, key]) },
    ])
    return { kind: 'map', entries: new Map(entries), place, path }
  }
  const scalar = typeof value === 'number' || typeof value === 'boolean' ? value : null
  const shown = typeof value === 'string' ? value : scalar
  return { kind: 'scalar', value: shown, referenced: false, place, path }
}

/** Where a path leads, or how far it goes. */
export interface Located {
  /** The deepest node on the path. */
  readonly node: SourceNode
  /** Position of the key that leads to it, or of the node itself inside a list. */
  readonly place: Place
  /** What is left of the path below `node`; empty when the path leads all the way. */
  readonly rest: ConfigPath
}

/** Follows a path of the present tree (after adapters) as far as it goes. */
export function locate(root: SourceNode, path: ConfigPath): Located {
  let node = root
  let place = root.place
  for (const [index, part] of path.entries()) {
    const next = childOf(node, part)
    if (next === undefined) return { node, place, rest: path.slice(index) }
    node = next.node
    place = next.keyPlace
  }
  return { node, place, rest: [] }
}

function childOf(node: SourceNode, part: string | number): MapEntry | undefined {
  if (node.kind === 'map') return node.entries.get(String(part))
  if (node.kind !== 'list') return undefined
  const item = node.items[Number(part)]
  return item === undefined ? undefined : { keyPlace: item.place, node: item }
}

/** Rebuilds the tree with the node at `path` changed; `undefined` removes it. A path to nothing changes nothing. */
export function replaceAt(
  root: SourceNode,
  path: ConfigPath,
  change: (node: SourceNode) => SourceNode | undefined,
): SourceNode | undefined {
  const [part, ...rest] = path
  if (part === undefined) return change(root)
  const child = childOf(root, part)
  if (child === undefined || root.kind === 'scalar') return root
  const changed = replaceAt(child.node, rest, change)
  if (root.kind === 'list') {
    const items = root.items.flatMap((item) => {
      if (item !== child.node) return [item]
      return changed === undefined ? [] : [changed]
    })
    return { ...root, items }
  }
  const entries = new Map(root.entries)
  if (changed === undefined) entries.delete(String(part))
  else entries.set(String(part), { ...child, node: changed })
  return { ...root, entries }
}

/** Gives the entry `from` of a map the key `to`, in its old position in the order. */
export function renameKey(map: MapNode, from: string, to: string): MapNode {
  const entries = [...map.entries].map(([key, entry]): [string, MapEntry] => [
    key === from ? to : key,
    entry,
  ])
  return { ...map, entries: new Map(entries) }
}
