/** One instruction of a Dockerfile, continued lines joined. */
export interface Instruction {
  /** Upper-case. */
  readonly name: string
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** What a Dockerfile says. */
export interface Dockerfile {
  readonly instructions: readonly Instruction[]
  /** Images that stages start from, with default values of `ARG` filled in; other stages left out. */
  readonly bases: readonly { readonly image: string; readonly line: number }[]
  /** Those of the last stage. */
  readonly last: readonly Instruction[]
}

/** Reads a Dockerfile. Total. Source: Dockerfile reference. */
export function readDockerfile(text: string): Dockerfile {
  const instructions = instructionsOf(text)
  const stages = new Set<string>()
  const values = new Map<string, string>()
  const bases: { image: string; line: number }[] = []
  for (const { name, text: rest, line } of instructions) {
    if (name === 'ARG') {
      const [, key = '', value = ''] = /^(\w+)(?:=["']?([^"'\s]*))?/.exec(rest) ?? []
      values.set(key, value)
    }
    if (name !== 'FROM') continue
    const words = rest.split(/\s+/).filter((word) => !word.startsWith('--'))
    const image = (words[0] ?? '').replaceAll(
      /\$\{?(\w+)(?::-([^}]*))?\}?/g,
      (_all, key: string, otherwise?: string) => values.get(key) || otherwise || '',
    )
    if (!stages.has(image) && image !== 'scratch') bases.push({ image, line })
    if (words[1]?.toUpperCase() === 'AS' && words[2] !== undefined) stages.add(words[2])
  }
  const from = instructions.findLastIndex(({ name }) => name === 'FROM')
  return { instructions, bases, last: instructions.slice(Math.max(0, from)) }
}

function instructionsOf(text: string): Instruction[] {
  const found: Instruction[] = []
  let open: { text: string; line: number } | undefined
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*#/.test(raw) || (open === undefined && raw.trim() === '')) continue
    const line: string = raw.trimEnd()
    const joined: string = open === undefined ? line.trimStart() : `${open.text} ${line.trim()}`
    const start: number = open?.line ?? index + 1
    if (joined.endsWith('\\')) {
      open = { text: joined.slice(0, -1).trimEnd(), line: start }
      continue
    }
    open = undefined
    const [, name = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(joined) ?? []
    found.push({ name: name.toUpperCase(), text: rest, line: start })
  }
  return found
}
