import { Secret } from '@sallyport/kit/secret'
import { secretArgument } from '../config/secret-names.ts'

const REDACTED = '[redacted]'
/** Shorter values are words like `debug`, and too easily guessed to be worth hiding. */
const CHARACTERS_MIN = 6
/** A word within a value, as the token in `Bearer <token>`; shorter ones are mostly words of a language. */
const WORD_CHARACTERS_MIN = 12
/** Of one server, also of its earlier configurations; the oldest is forgotten for a new one. */
const VALUES_MAX = 1_000

/** The secrets that children of one server were given: what they write may hold them, and is shown without. */
export class KnownSecrets {
  readonly #values = new Set<string>()
  /** Longest first, since one may be a part of another. */
  #ordered: readonly string[] = []

  /** Hides these from now on: each line of a value by itself, and each long word in a line. */
  add(secrets: Iterable<Secret>): void {
    const before = this.#values.size
    for (const secret of secrets) {
      for (const value of partsOf(secret.reveal())) this.#values.add(value)
    }
    if (this.#values.size === before) return
    const excess = Math.max(0, this.#values.size - VALUES_MAX)
    for (const oldest of [...this.#values].slice(0, excess)) this.#values.delete(oldest)
    this.#ordered = [...this.#values].toSorted((a, b) => b.length - a.length)
  }

  /** The text with `[redacted]` in their place, also where its beginning or end cuts one in two. */
  hide(text: string): string {
    let hidden = text
    for (const value of this.#ordered) hidden = hidden.replaceAll(value, REDACTED)
    for (const value of this.#ordered) hidden = withoutEdges(hidden, value)
    return hidden
  }
}

/** The secrets among the arguments of a command, by the flags that stand before them. */
export function secretsOf(args: readonly string[]): Secret[] {
  return args.flatMap((_arg, at) => {
    const secret = secretArgument(args, at)
    return secret === undefined ? [] : new Secret(secret)
  })
}

/** What is looked for of one value: programs mostly quote within JSON, and not always. */
function partsOf(secret: string): string[] {
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim())
  const words = lines.flatMap((line) => line.split(/\s+/))
  return [
    ...lines.filter(({ length }) => length >= CHARACTERS_MIN),
    ...words.filter(({ length }) => length >= WORD_CHARACTERS_MIN),
  ].flatMap((part) => [part, JSON.stringify(part).slice(1, -1)])
}

function withoutEdges(text: string, value: string): string {
  const begun = beginningAtEnd(text, value)
  const rest = endAtBeginning(text, value)
  if (begun === 0 && rest === 0) return text
  const inner = text.slice(rest, text.length - begun)
  return `${rest > 0 ? REDACTED : ''}${inner}${begun > 0 ? REDACTED : ''}`
}

/** With how many first characters of the value the text ends; 0 when with too few to tell. */
function beginningAtEnd(text: string, value: string): number {
  const first = value.slice(0, CHARACTERS_MIN)
  const from = Math.max(0, text.length - value.length + 1)
  for (let at = text.indexOf(first, from); at !== -1; at = text.indexOf(first, at + 1)) {
    if (value.startsWith(text.slice(at))) return text.length - at
  }
  return 0
}

/** With how many last characters of the value the text begins; 0 when with too few to tell. */
function endAtBeginning(text: string, value: string): number {
  const last = value.slice(-CHARACTERS_MIN)
  const head = text.slice(0, value.length - 1)
  for (
    let at = head.lastIndexOf(last);
    at !== -1;
    at = at === 0 ? -1 : head.lastIndexOf(last, at - 1)
  ) {
    const end = at + CHARACTERS_MIN
    if (value.endsWith(head.slice(0, end))) return end
  }
  return 0
}
