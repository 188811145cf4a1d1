/** One condition on a label, such as `state="open"`. */
export interface Matcher {
  readonly label: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** Series that an expression reads. */
export interface Selector {
  /** Empty where only `matchers` say which: `{__name__=~"up|down"}`. */
  readonly name: string
  readonly matchers: readonly Matcher[]
}

/** What an expression reads, and the functions that it calls. */
export interface Expression {
  readonly selectors: readonly Selector[]
  readonly functions: ReadonlySet<string>
}

const CHARACTERS_MAX = 100_000
const GROUPING = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])
const WORDS = new Set(['and', 'or', 'unless', 'atan2', 'bool', 'offset', 'inf', 'nan'])
const TOKEN =
  /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\$\{[^}]*\}|\$?[A-Za-z_:][\w:]*|\d[\w.]*|=~|!~|!=|==|[^]/g

/**
 * Reads the words of a PromQL expression, also of one with variables of Grafana. Comments and the text of strings
 * are no words, nor are labels that a `by` or an `on` lists. Wrong expressions yield what can be seen of them.
 *
 * Source: Prometheus, "Querying basics".
 */
export function readPromql(text: string): Expression {
  const tokens = (text.slice(0, CHARACTERS_MAX).match(TOKEN) ?? []).filter(
    (token) => !/^[\s#]/.test(token),
  )
  const selectors: Selector[] = []
  const functions = new Set<string>()
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? ''
    const next = tokens[at + 1] ?? ''
    if (GROUPING.has(token)) {
      if (next === '(') at = closing(tokens, at + 1)
    } else if (token === '[') at = closing(tokens, at)
    else if (token.startsWith('$')) {
      // What fills a variable in is not known.
      if (next === '{') at = closing(tokens, at + 1)
    } else if (token === '{') {
      const end = closing(tokens, at)
      selectors.push({ name: '', matchers: readMatchers(tokens.slice(at + 1, end)) })
      at = end
    } else if (isName(token)) {
      if (next === '(' || GROUPING.has(next)) functions.add(token)
      else if (next === '{') {
        const end = closing(tokens, at + 1)
        selectors.push({ name: token, matchers: readMatchers(tokens.slice(at + 2, end)) })
        at = end
      } else selectors.push({ name: token, matchers: [] })
    }
  }
  return { selectors, functions }
}

/** Whether a selector may read series of that name. */
export function readsSeries({ name, matchers }: Selector, series: string): boolean {
  if (name !== '') return name === series
  const own = matchers.filter(({ label }) => label === '__name__')
  return own.length > 0 && own.every((matcher) => fits(matcher, series))
}

/** Whether series with that value of a label are among those that a selector reads. */
export function readsValue({ matchers }: Selector, label: string, value: string): boolean {
  return matchers.filter((each) => each.label === label).every((each) => fits(each, value))
}

function isName(token: string): boolean {
  return /^[A-Za-z_:]/.test(token) && !WORDS.has(token.toLowerCase())
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** Where the bracket at `start` is closed; the end where it is not. */
function closing(tokens: readonly string[], start: number): number {
  const open = tokens[start] ?? ''
  let depth = 0
  for (let at = start; at < tokens.length; at += 1) {
    if (tokens[at] === open) depth += 1
    if (tokens[at] === CLOSING[open]) depth -= 1
    if (depth === 0) return at
  }
  return tokens.length
}

function readMatchers(tokens: readonly string[]): Matcher[] {
  const matchers: Matcher[] = []
  for (let at = 0; at + 2 < tokens.length; at += 1) {
    const [label = '', operator = '', quoted = ''] = tokens.slice(at, at + 3)
    if (!isOperator(operator) || !/^["'`]/.test(quoted)) continue
    matchers.push({ label, operator, value: unquoted(quoted) })
    at += 2
  }
  return matchers
}

function isOperator(token: string): token is Matcher['operator'] {
  return token === '=' || token === '!=' || token === '=~' || token === '!~'
}

function unquoted(quoted: string): string {
  const inner = quoted.slice(1, -1)
  return quoted.startsWith('`') ? inner : inner.replace(/\\([^])/g, '$1')
}

function fits({ operator, value }: Matcher, text: string): boolean {
  if (operator === '=') return text === value
  if (operator === '!=') return text !== value
  return matches(value, text) === (operator === '=~')
}

/** Patterns of Prometheus fit the whole value. One that cannot be read here fits nothing. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text)
  } catch {
    return false // a feature of RE2 that JavaScript lacks
  }
}
