import { basename, dirname, isAbsolute, join, matchesGlob } from 'node:path'
import { listFolder } from '../list-folder.ts'
import { MISSING_TEXT, readText } from '../read-text.ts'
import { type Directive, NginxFault, parseNginx } from './nginx-syntax.ts'
import type { ProxyPlace } from './site.ts'

const FILES_MAX = 100
const DEPTH_MAX = 10
/** What the package of nginx brings along. */
const PACKAGED =
  /(?:^|\/)(?:mime\.types|(?:fastcgi|scgi|uwsgi|proxy|fastcgi-php)(?:_params|\.conf)?|modules-enabled\/\*\.conf|snippets\/[\w-]+\.conf)$/

/** Directives with those of included files in their place. */
export interface NginxTree {
  readonly directives: readonly Directive[]
  readonly faults: readonly string[]
  readonly gaps: readonly string[]
}

/** Reads a main file and what it includes: at most 100 files. */
export async function readNginx(place: ProxyPlace, signal: AbortSignal): Promise<NginxTree> {
  const reader = new Reader(place, signal)
  const directives = await reader.read(place.file, 0)
  return { directives, faults: reader.faults, gaps: reader.gaps }
}

class Reader {
  readonly faults: string[] = []
  readonly gaps: string[] = []
  readonly #place: ProxyPlace
  readonly #signal: AbortSignal
  #files = 0

  constructor(place: ProxyPlace, signal: AbortSignal) {
    this.#place = place
    this.#signal = signal
  }

  async read(file: string, depth: number): Promise<readonly Directive[]> {
    const shown = this.#place.show(file)
    this.#files += 1
    if (this.#files > FILES_MAX || depth > DEPTH_MAX) {
      this.gaps.push(`${shown} is one include too many to follow`)
      return []
    }
    const { text, missing } = await readText(file, this.#signal)
    if (text === undefined) {
      this.gaps.push(`${shown} ${MISSING_TEXT[missing]}`)
      return []
    }
    try {
      return await this.#expand(parseNginx(text, shown), depth)
    } catch (thrown) {
      if (!(thrown instanceof NginxFault)) throw thrown
      this.faults.push(thrown.message)
      return []
    }
  }

  async #expand(directives: readonly Directive[], depth: number): Promise<readonly Directive[]> {
    const all: Directive[] = []
    for (const one of directives) {
      if (one.name === 'include') all.push(...(await this.#include(one, depth)))
      else if (one.block === undefined) all.push(one)
      else all.push({ ...one, block: await this.#expand(one.block, depth) })
    }
    return all
  }

  async #include({ args, at }: Directive, depth: number): Promise<readonly Directive[]> {
    const [said = ''] = args
    const { inside, locate } = this.#place
    const wanted = isAbsolute(said) ? said : join(dirname(inside), said)
    const isPattern = said.includes('*')
    const place = locate(isPattern ? dirname(wanted) : wanted)
    if (place.kind !== 'here') {
      if (!PACKAGED.test(said))
        this.gaps.push(`${at} includes ${said}, which cannot be seen from here`)
      return []
    }
    const found = isPattern
      ? await this.#matches(place.path, basename(wanted))
      : await this.#one(place.path)
    if (found === undefined) {
      if (!PACKAGED.test(said)) this.faults.push(`${at} includes ${said}, which is not there`)
      return []
    }
    const all: Directive[] = []
    for (const file of found) all.push(...(await this.read(file, depth + 1)))
    return all
  }

  async #one(file: string): Promise<readonly string[] | undefined> {
    const { missing } = await readText(file, this.#signal)
    return missing === 'absent' ? undefined : [file]
  }

  /** A pattern that nothing matches is no fault. */
  async #matches(folder: string, pattern: string): Promise<readonly string[]> {
    const { names, fault } = await listFolder(folder)
    if (fault !== undefined) this.gaps.push(`${this.#place.show(folder)} ${fault}`)
    return names.filter((name) => matchesGlob(name, pattern)).map((name) => join(folder, name))
  }
}
