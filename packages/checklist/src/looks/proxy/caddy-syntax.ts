import type { Directive } from './nginx-syntax.ts'

/** What Caddy would not start with. */
export class CaddyFault extends Error {
  override readonly name = 'CaddyFault'
}

interface Line {
  readonly words: readonly string[]
  readonly line: number
  readonly opens: boolean
  readonly closes: boolean
}

const DEPTH_MAX = 32

/**
 * Reads a Caddyfile: each line is a directive, which a `{` at its end gives a block. Names of top-level directives are
 * addresses, `(name)` for a snippet, or empty for the global options.
 *
 * Source: Caddy documentation, "Caddyfile Concepts".
 *
 * @param shown how the file is called in `at`
 * @throws {CaddyFault}
 */
export function parseCaddyfile(
  text: string,
  shown: string,
  variables: Readonly<Record<string, string | undefined>>,
): readonly Directive[] {
  const lines = linesOf(withVariables(text, variables), shown)
  const { found, next } = block(lines, 0, { shown, depth: 0 })
  const left = lines[next]
  if (left !== undefined) throw new CaddyFault(`${shown}:${left.line} has a \`}\` too many`)
  return found
}

/** `{$NAME}` and `{$NAME:default}` are put in before anything is read; one that is not set is empty. */
function withVariables(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): string {
  return text.replaceAll(
    /\{\$([A-Za-z_]\w*)(?::([^}]*))?\}/g,
    (_all, name: string, fallback: string | undefined) => variables[name] ?? fallback ?? '',
  )
}

function block(
  lines: readonly Line[],
  start: number,
  { shown, depth }: { readonly shown: string; readonly depth: number },
): { readonly found: readonly Directive[]; readonly next: number } {
  if (depth > DEPTH_MAX) throw new CaddyFault(`${shown} nests deeper than ${DEPTH_MAX}`)
  const found: Directive[] = []
  let next = start
  for (;;) {
    const one = lines[next]
    if (one === undefined || one.closes) return { found, next }
    const [name = '', ...args] = one.words
    const at = `${shown}:${one.line}`
    next += 1
    if (!one.opens) found.push({ name, args, at, block: undefined })
    else {
      const inner = block(lines, next, { shown, depth: depth + 1 })
      if (lines[inner.next] === undefined) throw new CaddyFault(`${at} lacks its \`}\``)
      found.push({ name, args, at, block: inner.found })
      next = inner.next + 1
    }
  }
}

function linesOf(text: string, shown: string): readonly Line[] {
  const found: Line[] = []
  let pending: string[] = []
  let from = 0
  for (const [index, raw] of text.split('\n').entries()) {
    const words = wordsOf(raw)
    const line = index + 1
    if (words === undefined) throw new CaddyFault(`${shown}:${line} opens a quote that never ends`)
    if (pending.length === 0) from = line
    const goesOn = words.at(-1) === '\\'
    pending.push(...(goesOn ? words.slice(0, -1) : words))
    // Addresses may go on after a comma.
    if (goesOn || pending.at(-1)?.endsWith(',') || pending.length === 0) continue
    const last = pending.at(-1)
    if (last === '}' && pending.length === 1) {
      found.push({ words: [], line: from, opens: false, closes: true })
    } else {
      const opens = last === '{'
      found.push({
        words: opens ? pending.slice(0, -1) : pending,
        line: from,
        opens,
        closes: false,
      })
    }
    pending = []
  }
  return found
}

function wordsOf(line: string): string[] | undefined {
  const words: string[] = []
  let rest = line.trimStart()
  while (rest !== '') {
    if (rest.startsWith('#')) return words
    const mark = rest[0]
    if (mark === '"' || mark === '`') {
      const match = (mark === '"' ? /^"((?:[^"\\]|\\.)*)"/ : /^`([^`]*)`/).exec(rest)
      if (match === null) return undefined
      words.push((match[1] ?? '').replaceAll('\\"', '"'))
      rest = rest.slice(match[0].length).trimStart()
    } else {
      const word = /^\S+/.exec(rest)?.[0] ?? ''
      words.push(word)
      rest = rest.slice(word.length).trimStart()
    }
  }
  return words
}
