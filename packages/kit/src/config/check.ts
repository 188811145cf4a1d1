import type { z } from 'zod'
import { KnownKeys } from './known-keys.ts'
import { pathText, type ConfigPath, type ConfigProblem } from './problem.ts'
import { issueRemedy, issueSentence } from './sentence.ts'
import {
  locate,
  renameKey,
  replaceAt,
  toValue,
  type MapNode,
  type SourceNode,
} from './source-tree.ts'
import { suggest } from './suggest.ts'

/** Each round sets aside what the last one found, so that what hides behind it is found too. */
const ROUNDS_MAX = 12

type Issue = z.core.$ZodIssue

/**
 * Checks one document against a schema and finds everything that is wrong at once: a misspelt key is read
 * as the key that was meant, a bad value is set aside for its default, and the check runs again.
 */
export class DocumentCheck<Config> {
  readonly #schema: z.ZodType<Config>
  readonly #problems: ConfigProblem[]
  /** Paths (of the present tree) already known to be wrong; what follows from them is not reported. */
  readonly #wrong: ConfigPath[] = []
  /** Keys we gave in place of names that are not allowed. */
  readonly #standIns = new Set<string>()
  #root: MapNode
  #keys: KnownKeys | undefined

  constructor(schema: z.ZodType<Config>, root: MapNode, problems: ConfigProblem[]) {
    this.#schema = schema
    this.#root = root
    this.#problems = problems
  }

  /** The document as far as it was repaired. */
  get root(): MapNode {
    return this.#root
  }

  /** Says that the value at `path` is wrong already, for another reason. */
  markWrong(path: ConfigPath): void {
    this.#wrong.push(path)
  }

  /** Reports a problem at a path of the document, unless something is known to be wrong there. */
  report(
    path: ConfigPath,
    message: string,
    more: Partial<Pick<ConfigProblem, 'remedy' | 'severity'>>,
  ): void {
    if (this.#wrong.some((wrong) => startsWith(wrong, path) || startsWith(path, wrong))) return
    this.#add(path, message, more.remedy ?? '', more.severity)
  }

  /** Where a path stands in the file, as its author wrote it. */
  placeOf(path: ConfigPath): Pick<ConfigProblem, 'path' | 'file' | 'line' | 'column'> {
    const { node, place, rest } = locate(this.#root, path)
    const { file, line, column } = place
    return { path: pathText([...node.path, ...rest]), file, line, column }
  }

  /** The configuration, or a draft with defaults where something was wrong; `undefined` if beyond repair. */
  run(): Config | undefined {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const result = this.#schema.safeParse(toValue(this.#root), { error: issueSentence })
      if (result.success) return result.data
      const knownBefore = this.#wrong.slice()
      const before = this.#root
      const issues = result.error.issues.flatMap(flatten)
      // Misspelt keys first. What else was said of their maps is asked again with the keys that were meant.
      const renamed = issues.flatMap((issue) => this.#unknownKeys(issue))
      // Backwards, so that taking an item out of a list does not move those still to come.
      for (const issue of issues.toReversed()) {
        if (renamed.some((path) => startsWith(path, pathOf(issue)))) continue
        this.#take(issue, knownBefore, round)
      }
      if (this.#root === before) return undefined
    }
    return undefined
  }

  #take(issue: Issue, known: readonly ConfigPath[], round: number): void {
    const path = pathOf(issue)
    if (issue.code === 'unrecognized_keys') return
    if (issue.code === 'invalid_key') {
      this.#badKey(path, issue)
      return
    }
    if (this.#coerce(path, issue)) return
    const { rest } = locate(this.#root, path)
    const follows = known.some(
      (wrong) => samePath(wrong, path) || (round > 0 && startsWith(wrong, path)),
    )
    if (!follows) this.#add(path, issue.message, issueRemedy(issue, rest.length > 0))
    this.#wrong.push(path)
    // A key that is missing takes its map with it; a bad value only itself.
    this.#remove(rest.length > 0 ? path.slice(0, path.length - rest.length) : path)
  }

  /** Reports and repairs the unknown keys of one map; gives the paths of the keys that were meant. */
  #unknownKeys(issue: Issue): ConfigPath[] {
    if (issue.code !== 'unrecognized_keys') return []
    const path = pathOf(issue)
    return issue.keys.flatMap((key) => {
      const meant = this.#unknownKey(path, key)
      return meant === undefined ? [] : [[...path, meant]]
    })
  }

  #unknownKey(path: ConfigPath, key: string): string | undefined {
    this.#keys ??= new KnownKeys(this.#schema)
    const known = this.#keys.at(path)
    const meant = suggest(key, known)
    const hint = meant === undefined ? '' : `, did you mean \`${meant}\`?`
    const remedy =
      meant === undefined
        ? `remove it; known here: ${known.join(', ')}`
        : `rename it to \`${meant}\``
    this.#add([...path, key], `unknown key \`${key}\`${hint}`, remedy)
    this.#wrong.push([...path, key])
    const { node } = locate(this.#root, path)
    if (meant === undefined || node.kind !== 'map' || node.entries.has(meant)) {
      this.#remove([...path, key])
      return undefined
    }
    this.#change(path, (map) => (map.kind === 'map' ? renameKey(map, key, meant) : map))
    return meant
  }

  /** Reports a name that is not allowed, and reads on under one that probably is. */
  #badKey(path: ConfigPath, issue: Extract<Issue, { code: 'invalid_key' }>): void {
    const key = String(path.at(-1))
    const parent = path.slice(0, -1)
    if (this.#standIns.has(pathText(path))) {
      this.#remove(path)
      return
    }
    const [cause] = issue.issues
    const own = cause?.code === 'custom' && cause.params?.['remedy'] !== undefined
    const remedy = own ? issueRemedy(cause, false) : 'rename it'
    this.#add(path, cause?.message ?? issue.message, remedy)
    this.#wrong.push(path)
    const { node } = locate(this.#root, parent)
    let standIn = key
      .toLowerCase()
      .replace(/[^a-z]+/g, '')
      .slice(0, 16)
    while (node.kind === 'map' && (standIn === key || node.entries.has(standIn))) standIn += 'x'
    this.#standIns.add(pathText([...parent, standIn]))
    this.#change(parent, (map) => (map.kind === 'map' ? renameKey(map, key, standIn) : map))
  }

  /** Text that came from a reference may stand for a number or a truth value. */
  #coerce(path: ConfigPath, issue: Issue): boolean {
    if (issue.code !== 'invalid_type') return false
    const { node, rest } = locate(this.#root, path)
    if (rest.length > 0 || node.kind !== 'scalar' || !node.referenced) return false
    const value = coerced(String(node.value), issue.expected)
    if (value === undefined) return false
    this.#change(path, () => ({ ...node, value, referenced: false }))
    return true
  }

  #remove(path: ConfigPath): void {
    this.#change(path, () => undefined)
  }

  #change(path: ConfigPath, change: (node: SourceNode) => SourceNode | undefined): void {
    if (path.length === 0 && change(this.#root) === undefined) return
    const changed = replaceAt(this.#root, path, change)
    if (changed?.kind === 'map') this.#root = changed
  }

  #add(
    path: ConfigPath,
    message: string,
    remedy: string,
    severity: 'error' | 'warning' = 'error',
  ): void {
    this.#problems.push({ severity, ...this.placeOf(path), message, remedy })
  }
}

function pathOf(issue: Issue): ConfigPath {
  return issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
}

function coerced(text: string, expected: string): number | boolean | undefined {
  if (expected === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  if (expected !== 'number' && expected !== 'int') return undefined
  return /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : undefined
}

/** Takes the branch of a union that fits the kind of value, so that its own issues are reported. */
function flatten(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const fitting = issue.errors.filter((branch) => !isForeign(branch, ['invalid_type']))
  // A list of words is given up for a branch that takes this kind of value, and only then.
  const closer = fitting.filter((branch) => !isForeign(branch, ['invalid_value']))
  const [only, ...others] = closer.length > 0 ? closer : fitting
  if (others.length > 0 || only === undefined) return [issue]
  return only.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }))
}

function isForeign(branch: readonly Issue[], codes: readonly Issue['code'][]): boolean {
  return branch.some(({ code, path }) => path.length === 0 && codes.includes(code))
}

function startsWith(path: ConfigPath, start: ConfigPath): boolean {
  return start.every((part, index) => path[index] === part)
}

function samePath(a: ConfigPath, b: ConfigPath): boolean {
  return a.length === b.length && startsWith(a, b)
}
