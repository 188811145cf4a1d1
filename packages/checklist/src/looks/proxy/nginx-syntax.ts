/** One directive of nginx with what is in its braces. */
export interface Directive {
  readonly name: string
  readonly args: readonly string[]
  /** Like `nginx.conf:12`. */
  readonly at: string
  /** Undefined where it ends with `;`. */
  readonly block: readonly Directive[] | undefined
}

interface Token {
  readonly text: string
  readonly line: number
  readonly isQuoted: boolean
}

/** What nginx would not start with. */
export class NginxFault extends Error {
  override readonly name = 'NginxFault'
}

const DEPTH_MAX = 32
/** Directives that take no block, so that a `{` after them says that their `;` is missing. */
const SIMPLE =
  /^(?:pid|user|include|return|root|index|listen|server_name|(?:worker|error|access|ssl|proxy|add|keepalive|client|gzip|auth|server_tokens|default|send|resolver|sendfile|tcp)(?:_\w+)?)$/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * Reads the text of one file, includes as they stand.
 *
 * Source: nginx documentation, "Beginner's Guide", "Configuration File's Structure".
 *
 * @param shown how the file is called in `at`
 * @throws {NginxFault}
 */
export function parseNginx(text: string, shown: string): readonly Directive[] {
  return new Parser(tokensOf(text, shown), shown).run()
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #shown: string
  #next = 0

  constructor(tokens: readonly Token[], shown: string) {
    this.#tokens = tokens
    this.#shown = shown
  }

  run(): readonly Directive[] {
    const all = this.#block(0)
    const left = this.#tokens[this.#next]
    if (left !== undefined) throw new NginxFault(`${this.#shown}:${left.line} has a \`}\` too many`)
    return all
  }

  #block(depth: number): Directive[] {
    if (depth > DEPTH_MAX) throw new NginxFault(`${this.#shown} nests deeper than ${DEPTH_MAX}`)
    const all: Directive[] = []
    for (;;) {
      const first = this.#tokens[this.#next]
      if (first === undefined || isMark(first, '}')) return all
      all.push(this.#directive(first, depth))
    }
  }

  #directive(first: Token, depth: number): Directive {
    const at = `${this.#shown}:${first.line}`
    const words: string[] = []
    for (;;) {
      const token = this.#tokens[this.#next]
      if (token === undefined) throw new NginxFault(`${at} is not ended by \`;\``)
      this.#next += 1
      if (isMark(token, '}')) throw new NginxFault(`${at} is not ended by \`;\``)
      if (!isMark(token, ';') && !isMark(token, '{')) {
        words.push(token.text)
        continue
      }
      const [name = '', ...args] = words
      if (isMark(token, ';')) return { name, args, at, block: undefined }
      if (SIMPLE.test(name)) throw new NginxFault(`${at} is not ended by \`;\``)
      const block = this.#block(depth + 1)
      if (this.#tokens[this.#next] === undefined) throw new NginxFault(`${at} lacks its \`}\``)
      this.#next += 1
      return { name, args, at, block }
    }
  }
}

function isMark({ text, isQuoted }: Token, mark: string): boolean {
  return !isQuoted && text === mark
}

function tokensOf(text: string, shown: string): readonly Token[] {
  const tokens: Token[] = []
  let line = 1
  let at = 0
  while (at < text.length) {
    const character = text[at] ?? ''
    if (character === '\n') line += 1
    if (/\s/.test(character)) at += 1
    else if (character === '#') {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
    } else if (';{}'.includes(character)) {
      tokens.push({ text: character, line, isQuoted: false })
      at += 1
    } else {
      const word = character === '"' || character === "'" ? quoted(text, at) : plain(text, at)
      if (word === undefined) throw new NginxFault(`${shown}:${line} opens a quote that never ends`)
      tokens.push({ text: word.text, line, isQuoted: word.isQuoted })
      line += text.slice(at, word.end).split('\n').length - 1
      at = word.end
    }
  }
  return tokens
}

interface Word {
  readonly text: string
  readonly end: number
  readonly isQuoted: boolean
}

function quoted(text: string, start: number): Word | undefined {
  const mark = text[start]
  let found = ''
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === mark) return { text: found, end: at + 1, isQuoted: true }
    if (character === '\\') {
      at += 1
      const escaped = text[at] ?? ''
      found += ESCAPES[escaped] ?? (escaped === mark || escaped === '\\' ? escaped : `\\${escaped}`)
    } else found += character
  }
  return undefined
}

function plain(text: string, start: number): Word {
  let found = ''
  let at = start
  for (; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === '$' && text[at + 1] === '{') {
      const end = text.indexOf('}', at)
      found += text.slice(at, end < 0 ? text.length : end + 1)
      at = end < 0 ? text.length : end
    } else if (character === '\\' && at + 1 < text.length) {
      found += text.slice(at, at + 2)
      at += 1
    } else if (/[\s;{]/.test(character)) break
    else found += character
  }
  return { text: found, end: at, isQuoted: false }
}
