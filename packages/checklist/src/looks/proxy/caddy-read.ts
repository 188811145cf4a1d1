import { readdir } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, matchesGlob } from 'node:path'
import { MISSING_TEXT, readText } from '../read-text.ts'
import { CaddyFault, parseCaddyfile } from './caddy-syntax.ts'
import type { NginxTree } from './nginx-read.ts'
import type { Directive } from './nginx-syntax.ts'
import type { ProxyPlace } from './site.ts'

const FILES_MAX = 100
const DEPTH_MAX = 10

/** Reads a Caddyfile and what it imports: at most 100 files. Snippets are left as they stand. */
export async function readCaddy(place: ProxyPlace, signal: AbortSignal): Promise<NginxTree> {
  const reader = new Reader(place, signal)
  const directives = await reader.read(place.file, 0)
  return { directives, faults: reader.faults, gaps: reader.gaps }
}

class Reader {
  readonly faults: string[] = []
  readonly gaps: string[] = []
  readonly #place: ProxyPlace
  readonly #signal: AbortSignal
  readonly #snippets = new Set<string>()
  #files = 0

  constructor(place: ProxyPlace, signal: AbortSignal) {
    this.#place = place
    this.#signal = signal
  }

  async read(file: string, depth: number): Promise<readonly Directive[]> {
    const shown = this.#place.show(file)
    this.#files += 1
    if (this.#files > FILES_MAX || depth > DEPTH_MAX) {
      this.gaps.push(`${shown} is one import too many to follow`)
      return []
    }
    const { text, missing } = await readText(file, this.#signal)
    if (text === undefined) {
      this.gaps.push(`${shown} ${MISSING_TEXT[missing]}`)
      return []
    }
    try {
      return await this.#expand(parseCaddyfile(text, shown, this.#place.variables), depth)
    } catch (thrown) {
      if (!(thrown instanceof CaddyFault)) throw thrown
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
      const isFile = one.name === 'import' && !this.#snippets.has(one.args[0] ?? '')
      if (isFile) all.push(...(await this.#import(one, depth)))
      else if (one.block === undefined) all.push(one)
      else all.push({ ...one, block: await this.#expand(one.block, depth) })
    }
    return all
  }

  async #import({ args, at }: Directive, depth: number): Promise<readonly Directive[]> {
    const [said = ''] = args
    const { inside, locate } = this.#place
    const wanted = isAbsolute(said) ? said : join(dirname(inside), said)
    const isPattern = said.includes('*')
    const place = locate(isPattern ? dirname(wanted) : wanted)
    if (place.kind !== 'here') {
      this.gaps.push(`${at} imports ${said}, which cannot be seen from here`)
      return []
    }
    const found = isPattern ? await matches(place.path, basename(wanted)) : [place.path]
    const all: Directive[] = []
    for (const file of found) {
      if ((await readText(file, this.#signal)).missing === 'absent') {
        this.faults.push(`${at} imports ${said}, which is not there`)
      } else all.push(...(await this.read(file, depth + 1)))
    }
    return all
  }
}

/** A pattern that nothing matches is no fault. */
async function matches(folder: string, pattern: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []) // a folder that is not there has no files
  return names
    .filter((name) => matchesGlob(name, pattern))
    .toSorted()
    .map((name) => join(folder, name))
}
