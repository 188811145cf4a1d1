import { basename, dirname, isAbsolute, join, matchesGlob } from 'node:path'
import { listFolder } from '../list-folder.ts'
import { MISSING_TEXT, readText } from '../read-text.ts'
import type { Directive } from './nginx-syntax.ts'
import type { ProxyPlace } from './site.ts'

const FILES_MAX = 100
const DEPTH_MAX = 10

/** Directives with those of further files in their place. */
export interface IncludedTree {
  readonly directives: readonly Directive[]
  readonly faults: readonly string[]
  readonly gaps: readonly string[]
}

/** How a program writes its files. */
export interface Grammar {
  /** The directive that names further files. */
  readonly word: 'include' | 'import'
  /** @throws what `isFault` knows */
  parse(text: string, shown: string): readonly Directive[]
  /** Whether that was thrown for a text that the program would not start with. */
  isFault(thrown: unknown): thrown is Error
  /** Whether a file is known to say nothing of what is looked for, so that it need not be there. */
  isKnown(said: string): boolean
}

/** Reads a main file and what it includes: at most 100 files. Snippets are left as they stand. */
export async function readIncluded(
  place: ProxyPlace,
  grammar: Grammar,
  signal: AbortSignal,
): Promise<IncludedTree> {
  const reader = new IncludeReader(place, grammar, signal)
  const directives = await reader.read(place.file, 0)
  return { directives, faults: reader.faults, gaps: reader.gaps }
}

class IncludeReader {
  readonly faults: string[] = []
  readonly gaps: string[] = []
  readonly #place: ProxyPlace
  readonly #grammar: Grammar
  readonly #signal: AbortSignal
  readonly #snippets = new Set<string>()
  #files = 0

  constructor(place: ProxyPlace, grammar: Grammar, signal: AbortSignal) {
    this.#place = place
    this.#grammar = grammar
    this.#signal = signal
  }

  async read(file: string, depth: number): Promise<readonly Directive[]> {
    const { word, parse, isFault } = this.#grammar
    const shown = this.#place.show(file)
    this.#files += 1
    if (this.#files > FILES_MAX || depth > DEPTH_MAX) {
      this.gaps.push(`${shown} is one ${word} too many to follow`)
      return []
    }
    const { text, missing } = await readText(file, this.#signal)
    if (text === undefined) {
      this.gaps.push(`${shown} ${MISSING_TEXT[missing]}`)
      return []
    }
    try {
      return await this.#expand(parse(text, shown), depth)
    } catch (thrown) {
      if (!isFault(thrown)) throw thrown
      this.faults.push(thrown.message)
      return []
    }
  }

  async #expand(directives: readonly Directive[], depth: number): Promise<readonly Directive[]> {
    for (const { name } of directives) {
      if (name.startsWith('(')) this.#snippets.add(name.slice(1, -1))
    }
    const all: Directive[] = []
    for (const one of directives) {
      const isFile = one.name === this.#grammar.word && !this.#snippets.has(one.args[0] ?? '')
      if (isFile) all.push(...(await this.#include(one, depth)))
      else if (one.block === undefined) all.push(one)
      else all.push({ ...one, block: await this.#expand(one.block, depth) })
    }
    return all
  }

  async #include({ args, at }: Directive, depth: number): Promise<readonly Directive[]> {
    const [said = ''] = args
    const { word, isKnown } = this.#grammar
    const { inside, locate } = this.#place
    const wanted = isAbsolute(said) ? said : join(dirname(inside), said)
    const isPattern = said.includes('*')
    const place = locate(isPattern ? dirname(wanted) : wanted)
    if (place.kind !== 'here') {
      if (!isKnown(said)) this.gaps.push(`${at} ${word}s ${said}, which cannot be seen from here`)
      return []
    }
    if (!isPattern && (await readText(place.path, this.#signal)).missing === 'absent') {
      if (!isKnown(said)) this.faults.push(`${at} ${word}s ${said}, which is not there`)
      return []
    }
    const found = isPattern ? await this.#matches(place.path, basename(wanted)) : [place.path]
    const all: Directive[] = []
    for (const file of found) all.push(...(await this.read(file, depth + 1)))
    return all
  }

  /** A pattern that nothing matches is no fault. */
  async #matches(folder: string, pattern: string): Promise<readonly string[]> {
    const { names, fault } = await listFolder(folder)
    if (fault !== undefined) this.gaps.push(`${this.#place.show(folder)} ${fault}`)
    return names.filter((name) => matchesGlob(name, pattern)).map((name) => join(folder, name))
  }
}
