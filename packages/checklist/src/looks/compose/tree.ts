import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml'

/** A value of a compose file with where it stands. */
export type Tree = MapTree | ListTree | ScalarTree

interface Placed {
  /** `compose.yaml:12`; of the key where it is the value of one. */
  readonly at: string
  /** `!reset` takes away what an earlier file said, `!override` replaces it. */
  readonly mark?: 'reset' | 'override'
}

/** A map, by key. */
export interface MapTree extends Placed {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Tree>
}

/** A list, in its order. */
export interface ListTree extends Placed {
  readonly kind: 'list'
  readonly items: readonly Tree[]
}

/** A text, a number, a flag, or nothing. */
export interface ScalarTree extends Placed {
  readonly kind: 'scalar'
  /** As it is written, without quotes; null for nothing. */
  readonly text: string | null
  /** Whether no variable stands in it. */
  readonly literal: boolean
}

const NODES_MAX = 50_000
const DEPTH_MAX = 64

/** Why a compose file cannot be understood; a lower-case sentence without the file's own text. */
export class ComposeFault {
  readonly at: string
  readonly text: string

  constructor(at: string, text: string) {
    this.at = at
    this.text = text
  }
}

/**
 * Reads one compose file with anchors, aliases and merge keys spread out. Total: what is wrong comes back as a
 * fault. At most 50,000 values, aliases counted each time, and 64 levels.
 *
 * @param label how the file is named in evidence
 */
export function readTree(text: string, label: string): MapTree | ComposeFault {
  const lines = new LineCounter()
  let document: Document.Parsed
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
  } catch (thrown) {
    // The parser recurses: text nested thousands deep ends in a RangeError.
    if (!(thrown instanceof RangeError)) throw thrown
    return new ComposeFault(`${label}:1`, 'the file is nested too deeply')
  }
  const error = document.errors[0]
  if (error !== undefined) {
    return new ComposeFault(
      `${label}:${lines.linePos(error.pos[0]).line}`,
      'this is not valid YAML',
    )
  }
  const builder = new Builder(document, lines, label)
  try {
    const root = builder.build(document.contents, `${label}:1`, 0)
    if (root.kind === 'map') return root
    return new ComposeFault(`${label}:1`, 'the file holds no map')
  } catch (thrown) {
    if (thrown instanceof ComposeFault) return thrown
    throw thrown
  }
}

class Builder {
  readonly #document: Document.Parsed
  readonly #lines: LineCounter
  readonly #label: string
  #nodes = 0

  constructor(document: Document.Parsed, lines: LineCounter, label: string) {
    this.#document = document
    this.#lines = lines
    this.#label = label
  }

  build(node: Node | null, at: string, depth: number): Tree {
    this.#nodes += 1
    if (this.#nodes > NODES_MAX || depth > DEPTH_MAX) {
      throw new ComposeFault(at, `more than ${NODES_MAX} values or ${DEPTH_MAX} levels`)
    }
    if (node === null) return { kind: 'scalar', at, text: null, literal: true }
    if (isAlias(node)) {
      const target = node.resolve(this.#document)
      if (target === undefined) throw new ComposeFault(at, 'this alias names no anchor')
      return this.build(target, at, depth + 1)
    }
    const mark = MARKS[node.tag ?? '']
    const placed = { at, ...(mark !== undefined && { mark }) }
    if (isMap(node)) return { kind: 'map', ...placed, entries: this.#entries(node, depth) }
    if (isSeq(node)) {
      const items = node.items.map((item) => {
        const inner = item as Node // a parsed sequence holds nodes
        return this.build(inner, this.#at(inner, at), depth + 1)
      })
      return { kind: 'list', ...placed, items }
    }
    if (!isScalar(node)) throw new ComposeFault(at, 'this is not understood')
    return { kind: 'scalar', ...placed, text: scalarText(node.value, node.source), literal: true }
  }

  #entries(map: YAMLMap, depth: number): Map<string, Tree> {
    const own = new Map<string, Tree>()
    const merged: Tree[] = []
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      // a parsed map holds nodes
      const at = this.#at(pair.key, `${this.#label}:1`)
      const key = isScalar(pair.key) ? String(pair.key.value) : undefined
      if (key === undefined) throw new ComposeFault(at, 'this key is no text')
      const value = this.build(pair.value, at, depth + 1)
      if (key === '<<') merged.push(...(value.kind === 'list' ? value.items : [value]))
      else own.set(key, value)
    }
    const entries = new Map(own)
    for (const tree of merged) {
      if (tree.kind !== 'map') throw new ComposeFault(tree.at, 'a merge key takes maps alone')
      for (const [key, value] of tree.entries) if (!entries.has(key)) entries.set(key, value)
    }
    return entries
  }

  #at(node: Node | null, otherwise: string): string {
    const start = node?.range?.[0]
    return start === undefined ? otherwise : `${this.#label}:${this.#lines.linePos(start).line}`
  }
}

const MARKS: Readonly<Record<string, 'reset' | 'override'>> = {
  '!reset': 'reset',
  '!override': 'override',
}

function scalarText(value: unknown, source: string | undefined): string | null {
  if (value === null || value === undefined) return null
  // A number as it was written: `0.50` and `1e3` are limits and ports by their text.
  return typeof value === 'string' ? value : (source ?? String(value))
}

/** The value under a key of a map. */
export function under(tree: Tree | undefined, ...keys: readonly string[]): Tree | undefined {
  let found = tree
  for (const key of keys) found = found?.kind === 'map' ? found.entries.get(key) : undefined
  return found
}

/** The text of a scalar; undefined for anything else and for nothing. */
export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'scalar' ? (tree.text ?? undefined) : undefined
}

/** Whether a scalar says yes. */
export function isTrue(tree: Tree | undefined): boolean {
  return textOf(tree) === 'true'
}

/** Texts of a list, or of a lone scalar. */
export function textsOf(tree: Tree | undefined): string[] {
  if (tree?.kind === 'list') return tree.items.flatMap((item) => textOf(item) ?? [])
  const text = textOf(tree)
  return text === undefined ? [] : [text]
}

/** Entries of a map; of `KEY=value` texts where a list stands for one. */
export function entriesOf(tree: Tree | undefined): ReadonlyMap<string, Tree> {
  if (tree?.kind === 'map') return tree.entries
  if (tree?.kind !== 'list') return new Map()
  return new Map(tree.items.flatMap((item) => (item.kind === 'scalar' ? [toEntry(item)] : [])))
}

function toEntry(item: ScalarTree): [string, Tree] {
  const text = item.text ?? ''
  const equals = text.indexOf('=')
  if (equals < 0) return [text, { ...item, text: null }]
  return [text.slice(0, equals), { ...item, text: text.slice(equals + 1) }]
}
