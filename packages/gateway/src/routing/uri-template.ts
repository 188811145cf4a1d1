/** A run of a URI that an expression may have become: empty, or from `first` up to one of `stops`. */
interface Run {
  readonly first: string
  readonly stops: string
}

type Part = string | Run

/** A URI template, ready to tell which URIs it may have become. */
export interface UriTemplate {
  readonly parts: readonly Part[]
  /** Characters that stand for themselves: the more, the closer it fits. */
  readonly literalLength: number
}

/** What a look-up may still cost; one step is one position of the URI tried. */
export interface MatchBudget {
  steps: number
}

const TEMPLATE_LENGTH_MAX = 1_024
const URI_LENGTH_MAX = 8_192
const PARTS_MAX = 64
/** Literal characters compared for the price of one step. */
const COMPARED_PER_STEP = 16

const RUNS: Readonly<Record<string, Run>> = {
  '': { first: '', stops: '/?#' },
  '+': { first: '', stops: '' },
  '#': { first: '#', stops: '' },
  '.': { first: '.', stops: '/?#' },
  '/': { first: '/', stops: '?#' },
  ';': { first: ';', stops: '/?#' },
  '?': { first: '?', stops: '#' },
  '&': { first: '&', stops: '#' },
}

const EXPRESSION = /^([+#./;?&]?)[A-Za-z0-9_.%,:*-]+$/

/**
 * Reads a template; undefined for one that is none, or longer than 1,024 characters or 64 parts. Which
 * variables an expression names does not matter here: the server reads them, this only finds the server.
 *
 * Source: RFC 6570 §2 and §3.2.
 */
export function parseTemplate(text: string): UriTemplate | undefined {
  if (text.length > TEMPLATE_LENGTH_MAX) return undefined
  const parts: Part[] = []
  let literalLength = 0
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('{', at)
    const literal = text.slice(at, open === -1 ? text.length : open)
    if (literal.includes('}')) return undefined
    if (literal !== '') parts.push(literal)
    literalLength += literal.length
    if (open === -1) break
    const close = text.indexOf('}', open)
    const [, operator] = EXPRESSION.exec(text.slice(open + 1, close)) ?? []
    const run = operator === undefined ? undefined : RUNS[operator]
    if (close === -1 || !run) return undefined
    parts.push(run)
    at = close + 1
  }
  return parts.length > PARTS_MAX ? undefined : { parts, literalLength }
}

/**
 * Whether a URI may be an expansion of a template. All ways to divide it are followed side by side, so that
 * no template can make this slow (CVE-2026-0621 was one that did); past the budget the answer is no.
 */
export function fitsTemplate({ parts }: UriTemplate, uri: string, budget: MatchBudget): boolean {
  if (uri.length > URI_LENGTH_MAX) return false
  let reached = [0]
  for (const part of parts) {
    if (typeof part === 'string') {
      budget.steps -= reached.length * (1 + part.length / COMPARED_PER_STEP)
      reached = passLiteral(part, uri, reached)
    } else {
      reached = passRun(part, uri, reached)
      budget.steps -= reached.length
    }
    if (reached.length === 0 || budget.steps < 0) return false
  }
  return reached.at(-1) === uri.length
}

/** Positions behind a literal, from those before it. */
function passLiteral(literal: string, uri: string, from: readonly number[]): number[] {
  return from.filter((at) => uri.startsWith(literal, at)).map((at) => at + literal.length)
}

/** Positions at which a run may end, in order and each once. */
function passRun({ first, stops }: Run, uri: string, from: readonly number[]): number[] {
  const ends: number[] = []
  let next = 0
  for (const start of from) {
    if (start >= next) {
      ends.push(start)
      next = start + 1
    }
    if (first !== '' && uri[start] !== first) continue
    // What an earlier start has reached is not walked again: it ends where that ended.
    let at = Math.max(start, next - 1)
    while (at < uri.length && !stops.includes(uri[at] ?? '')) {
      at += 1
      ends.push(at)
      next = at + 1
    }
  }
  return ends
}
