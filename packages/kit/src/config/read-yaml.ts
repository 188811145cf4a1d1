import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type ErrorCode,
  type Node,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml'
import { blankComments } from './json-comments.ts'
import { pathText, type ConfigPath, type ConfigProblem, type Place } from './problem.ts'
import type { MapEntry, MapNode, SourceNode } from './source-tree.ts'

/** Nodes of one document with aliases spread out; a bomb of aliases ends here. */
const NODES_MAX = 50_000
const DEPTH_MAX = 64
/** One missing bracket may be reported for every line after it. */
const FAULTS_MAX = 10

/** Our own words: the parser's may quote the text around the fault, which may be a secret. */
const FAULTS: Partial<Record<ErrorCode, readonly [message: string, remedy: string]>> = {
  BAD_ALIAS: ['this alias names no anchor', 'write `&name` at the value it should repeat'],
  BAD_DQ_ESCAPE: ['a backslash escape is not valid here', 'use single quotes or double it'],
  BAD_INDENT: ['the indentation does not fit', 'align it with the keys beside it'],
  BAD_SCALAR_START: ['text cannot start with this character', 'put the text in quotes'],
  BLOCK_AS_IMPLICIT_KEY: ['two keys stand on one line', 'put each on a line of its own, or quote'],
  BLOCK_IN_FLOW: ['a block list or map stands inside brackets', 'use brackets for it as well'],
  DUPLICATE_KEY: ['this key appears twice', 'keep one of them'],
  MISSING_CHAR: ['a quote, bracket, comma or colon is missing', 'add what is missing'],
  MULTILINE_IMPLICIT_KEY: ['a key spans several lines', 'close the quote or bracket before it'],
  MULTIPLE_DOCS: ['the file holds several documents', 'remove the line `---` and what follows'],
  TAB_AS_INDENT: ['a tab is used as indentation', 'indent with spaces'],
  TAG_RESOLVE_FAILED: ['this tag is not known', 'remove the word that starts with `!`'],
  UNEXPECTED_TOKEN: ['this is not expected here', 'look for a missing quote, bracket or colon'],
}
const FAULT_OPEN = [
  'a bracket before this is not closed',
  'close it, or indent what is in it',
] as const
const FAULT_OTHER = [
  'this is not valid YAML',
  'look for a missing quote, bracket or indentation',
] as const

export interface YamlReading {
  /** Absent when the text cannot be read at all. */
  readonly root: MapNode | undefined
  readonly problems: readonly ConfigProblem[]
}

/**
 * Reads one YAML 1.2 document (so JSON too) into a tree with positions. In files called `*.json` and
 * `*.jsonc` comments are allowed. Total: what is wrong becomes a problem.
 */
export function readYaml(text: string, file: string): YamlReading {
  const lines = new LineCounter()
  const source = /\.jsonc?$/i.test(file) ? blankComments(text) : text
  let document: Document.Parsed
  try {
    document = parseDocument(source, { lineCounter: lines, prettyErrors: false, merge: false })
  } catch (thrown) {
    // The parser recurses: text nested thousands deep ends in a RangeError.
    if (!(thrown instanceof RangeError)) throw thrown
    return { root: undefined, problems: [tooMuch({ file, line: 1, column: 1 }, [])] }
  }
  const problems = document.errors.slice(0, FAULTS_MAX).map((error): ConfigProblem => {
    const [message, remedy] = faultOf(error)
    return { severity: 'error', path: '', ...placeAt(lines, file, error.pos[0]), message, remedy }
  })
  if (problems.length > 0) return { root: undefined, problems }
  return new Builder(document, lines, file).build()
}

function faultOf({ code, message }: YAMLParseError): readonly [message: string, remedy: string] {
  // The parser has no code of its own for this; its sentence holds nothing of the file.
  if (code === 'BAD_INDENT' && message.startsWith('Flow ')) return FAULT_OPEN
  return FAULTS[code] ?? FAULT_OTHER
}

function placeAt(lines: LineCounter, file: string, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  return { file, line: Math.max(1, line), column: Math.max(1, col) }
}

function tooMuch(place: Place, path: ConfigPath): ConfigProblem {
  return {
    severity: 'error',
    path: pathText(path),
    ...place,
    message: `more than ${NODES_MAX} values (aliases counted each time) or ${DEPTH_MAX} levels`,
    remedy: 'split the file or use fewer aliases',
  }
}

/** Turns the parser's nodes into ours, counting them. */
class Builder {
  readonly #document: Document.Parsed
  readonly #lines: LineCounter
  readonly #file: string
  readonly #problems: ConfigProblem[] = []
  #nodes = 0

  constructor(document: Document.Parsed, lines: LineCounter, file: string) {
    this.#document = document
    this.#lines = lines
    this.#file = file
  }

  build(): YamlReading {
    const { contents } = this.#document
    const start: Place = { file: this.#file, line: 1, column: 1 }
    if (contents === null || (isScalar(contents) && contents.value === null)) {
      const root: MapNode = { kind: 'map', place: start, path: [], entries: new Map() }
      return { root, problems: [] }
    }
    const root = this.#node(contents, [])
    if (root.kind !== 'map' && this.#problems.length === 0) {
      this.#report(root.place, [], 'the file must be a map of keys', 'write `key: value` lines')
    }
    return { root: root.kind === 'map' ? root : undefined, problems: this.#problems }
  }

  #node(node: Node | null, path: ConfigPath, parent?: Place): SourceNode {
    const place = node?.range ? placeAt(this.#lines, this.#file, node.range[0]) : parent
    const at = place ?? { file: this.#file, line: 1, column: 1 }
    const empty: SourceNode = { kind: 'scalar', place: at, path, value: null, referenced: false }
    this.#nodes += 1
    if (this.#nodes > NODES_MAX || path.length > DEPTH_MAX) {
      if (this.#problems.length === 0) this.#problems.push(tooMuch(at, path))
      return empty
    }
    if (isAlias(node)) return this.#node(node.resolve(this.#document) ?? null, path, at)
    if (isMap(node)) return this.#map(node, path, at)
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.#node(asNode(item), [...path, index], at))
      return { kind: 'list', place: at, path, items }
    }
    if (!isScalar(node) || node.value === null) return empty
    const { value } = node
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return { kind: 'scalar', place: at, path, value, referenced: false }
    }
    this.#report(at, path, 'this kind of value is not known', 'use text, a number, true or false')
    return empty
  }

  #map(map: YAMLMap, path: ConfigPath, place: Place): MapNode {
    const entries = new Map<string, MapEntry>()
    for (const pair of map.items) {
      const key = asNode(pair.key)
      if (!isScalar(key) || key.value === null) {
        this.#report(place, path, 'a key here is not a plain word', 'write `key: value`')
        continue
      }
      const name = String(key.value)
      const keyPlace = key.range ? placeAt(this.#lines, this.#file, key.range[0]) : place
      if (entries.has(name)) this.#report(keyPlace, [...path, name], ...FAULTS.DUPLICATE_KEY!) // listed above
      entries.set(name, {
        keyPlace,
        node: this.#node(asNode(pair.value), [...path, name], keyPlace),
      })
    }
    return { kind: 'map', place, path, entries }
  }

  #report(place: Place, path: ConfigPath, message: string, remedy: string): void {
    this.#problems.push({ severity: 'error', path: pathText(path), ...place, message, remedy })
  }
}

function asNode(value: unknown): Node | null {
  // In a parsed document keys, values and items are nodes or null; the types allow plain values too.
  return (value as Node | null | undefined) ?? null
}
