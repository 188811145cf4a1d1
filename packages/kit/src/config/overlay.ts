import type { MapEntry, MapNode } from './source-tree.ts'

/** Lays one document over another: maps merge by key, lists and scalars replace, `null` removes. */
export function mergeOver(base: MapNode, overlay: MapNode): MapNode {
  const entries = new Map(base.entries)
  for (const [key, over] of overlay.entries) {
    const merged = mergeEntry(entries.get(key), over)
    if (merged === undefined) entries.delete(key)
    else entries.set(key, merged)
  }
  return { ...base, entries }
}

function mergeEntry(below: MapEntry | undefined, over: MapEntry): MapEntry | undefined {
  const { node } = over
  if (node.kind === 'scalar' && node.value === null) return undefined
  if (node.kind !== 'map') return over
  // Also without a counterpart, so that a `null` inside never stays behind.
  const base =
    below?.node.kind === 'map' ? below : { ...over, node: { ...node, entries: new Map() } }
  return base.node.kind === 'map'
    ? { keyPlace: base.keyPlace, node: mergeOver(base.node, node) }
    : over
}
