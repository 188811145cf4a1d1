import type { Tree } from './tree.ts'

/** One use of a variable in a compose file. */
export interface ComposeReference {
  readonly name: string
  /** `compose.yaml:12` */
  readonly at: string
  /** Whether something stands in for it where it is not set. */
  readonly hasDefault: boolean
  /** Where it is set: beside the compose file, in the environment of this process, or nowhere. */
  readonly from: 'file' | 'environment' | undefined
  /** Set, but to nothing. */
  readonly empty: boolean
}

/** Where variables of a compose file come from; those of the environment win, as compose has it. */
export interface ComposeVariables {
  readonly file: Readonly<Record<string, string | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
}

const DEPTH_MAX = 10

/**
 * Replaces `$X`, `${X}`, `${X:-d}`, `${X-d}`, `${X:?e}`, `${X:+r}` and `$$` in every value.
 *
 * Source: Compose specification, "Interpolation".
 *
 * @param references receives every use of a variable
 */
export function interpolated(
  tree: Tree,
  variables: ComposeVariables,
  references: ComposeReference[],
): Tree {
  switch (tree.kind) {
    case 'map': {
      const entries = [...tree.entries].map(
        ([key, value]) => [key, interpolated(value, variables, references)] as const,
      )
      return { ...tree, entries: new Map(entries) }
    }
    case 'list':
      return { ...tree, items: tree.items.map((item) => interpolated(item, variables, references)) }
    case 'scalar': {
      if (tree.text === null || !tree.text.includes('$')) return tree
      const before = references.length
      const text = new Interpolation(variables, references, tree.at).expand(tree.text)
      return { ...tree, text, literal: references.length === before }
    }
  }
}

/** The value of a variable, as compose finds it. */
export function variable(
  { file, environment }: ComposeVariables,
  name: string,
): string | undefined {
  return environment[name] ?? file[name]
}

class Interpolation {
  readonly #variables: ComposeVariables
  readonly #references: ComposeReference[]
  readonly #at: string

  constructor(variables: ComposeVariables, references: ComposeReference[], at: string) {
    this.#variables = variables
    this.#references = references
    this.#at = at
  }

  expand(text: string, depth = 0): string {
    let out = ''
    for (let index = 0; index < text.length;) {
      const dollar = text.indexOf('$', index)
      if (dollar < 0 || depth > DEPTH_MAX) return out + text.slice(index)
      out += text.slice(index, dollar)
      const { value, end } = this.#one(text, dollar, depth)
      out += value
      index = end
    }
    return out
  }

  #one(text: string, dollar: number, depth: number): { value: string; end: number } {
    if (text[dollar + 1] === '$') return { value: '$', end: dollar + 2 }
    if (text[dollar + 1] === '{') {
      const end = closing(text, dollar + 2)
      if (end !== undefined) {
        return { value: this.#braced(text.slice(dollar + 2, end), depth), end: end + 1 }
      }
    }
    const name = NAME.exec(text.slice(dollar + 1))?.[0]
    if (name === undefined) return { value: '$', end: dollar + 1 }
    return { value: this.#value(name, false) ?? '', end: dollar + 1 + name.length }
  }

  #braced(inner: string, depth: number): string {
    const name = NAME.exec(inner)?.[0]
    if (name === undefined) return ''
    const [, operator = '', rest = ''] = OPERATOR.exec(inner.slice(name.length)) ?? []
    const value = this.#value(name, operator.endsWith('-') || operator.endsWith('+'))
    const present = value !== undefined && !(operator.startsWith(':') && value === '')
    if (operator.endsWith('+')) return present ? this.expand(rest, depth + 1) : ''
    if (present || !operator.endsWith('-')) return value ?? ''
    return this.expand(rest, depth + 1)
  }

  #value(name: string, hasDefault: boolean): string | undefined {
    const { environment, file } = this.#variables
    const value = environment[name] ?? file[name]
    const held = file[name] === undefined ? undefined : 'file'
    const from = environment[name] === undefined ? held : 'environment'
    this.#references.push({ name, at: this.#at, hasDefault, from, empty: value === '' })
    return value
  }
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/
const OPERATOR = /^(:?[-?+])([\s\S]*)$/

function closing(text: string, from: number): number | undefined {
  let open = 1
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === '}') open -= 1
    if (text[index] === '{' && text[index - 1] === '$') open += 1
    if (open === 0) return index
  }
  return undefined
}
