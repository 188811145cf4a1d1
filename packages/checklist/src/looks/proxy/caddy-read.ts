import { CaddyFault, parseCaddyfile } from './caddy-syntax.ts'
import { type IncludedTree, readIncluded } from './include-reader.ts'
import type { ProxyPlace } from './site.ts'

/** Reads a Caddyfile and what it imports. */
export function readCaddy(place: ProxyPlace, signal: AbortSignal): Promise<IncludedTree> {
  const grammar = {
    word: 'import',
    parse: (text: string, shown: string) => parseCaddyfile(text, shown, place.variables),
    isFault: (thrown: unknown) => thrown instanceof CaddyFault,
    isKnown: () => false,
  } as const
  return readIncluded(place, grammar, signal)
}
