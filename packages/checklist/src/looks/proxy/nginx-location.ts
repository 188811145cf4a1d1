import type { Directive } from './nginx-syntax.ts'

/**
 * The blocks of the location that a path is served by, the outermost first; the server's own block, so nothing, where
 * none fits.
 *
 * Source: nginx documentation, ngx_http_core_module, "location".
 */
export function locationOf(
  block: readonly Directive[],
  path: string,
): readonly (readonly Directive[])[] | undefined {
  const chosen = choose(block, path)
  if (chosen?.block === undefined) return []
  const inner = locationOf(chosen.block, path)
  return inner === undefined ? [chosen.block] : [chosen.block, ...inner]
}

function choose(block: readonly Directive[], path: string): Directive | undefined {
  const all = block.filter(({ name }) => name === 'location')
  const exact = all.find(({ args }) => args[0] === '=' && args[1] === path)
  if (exact !== undefined) return exact
  const prefix = longest(all, path)
  if (prefix?.args[0] === '^~') return prefix
  return all.find(({ args }) => matches(args, path)) ?? prefix
}

function longest(all: readonly Directive[], path: string): Directive | undefined {
  let found: Directive | undefined
  for (const one of all) {
    const prefix = prefixOf(one.args)
    if (prefix === undefined || !path.startsWith(prefix)) continue
    if (prefix.length > (prefixOf(found?.args ?? [])?.length ?? -1)) found = one
  }
  return found
}

function prefixOf([first = '', second]: readonly string[]): string | undefined {
  if (first === '^~') return second
  return first.startsWith('/') ? first : undefined
}

function matches([modifier, pattern]: readonly string[], path: string): boolean {
  if (modifier !== '~' && modifier !== '~*') return false
  try {
    return new RegExp(pattern ?? '', modifier === '~*' ? 'i' : '').test(path)
  } catch {
    return false // a pattern that only PCRE knows
  }
}
