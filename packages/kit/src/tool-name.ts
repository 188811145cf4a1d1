const SEPARATOR = '__'

/** Joins server and tool to the name clients see. Source: design, "Names". */
export function publicName(server: string, tool: string): string {
  return `${server}${SEPARATOR}${tool}`
}

/** Splits a public name at the first `__`; undefined when there is none. */
export function splitName(name: string): { server: string; tool: string } | undefined {
  const at = name.indexOf(SEPARATOR)
  if (at <= 0) return undefined
  return { server: name.slice(0, at), tool: name.slice(at + SEPARATOR.length) }
}
