import { type IncludedTree, readIncluded } from './include-reader.ts'
import { NginxFault, parseNginx } from './nginx-syntax.ts'
import type { ProxyPlace } from './site.ts'

/** What the package of nginx brings along. */
const PACKAGED =
  /(?:^|\/)(?:mime\.types|(?:fastcgi|scgi|uwsgi|proxy|fastcgi-php)(?:_params|\.conf)?|modules-enabled\/\*\.conf|snippets\/[\w-]+\.conf)$/

const GRAMMAR = {
  word: 'include',
  parse: parseNginx,
  isFault: (thrown: unknown) => thrown instanceof NginxFault,
  isKnown: (said: string) => PACKAGED.test(said),
} as const

/** Reads a main file of nginx and what it includes. */
export function readNginx(place: ProxyPlace, signal: AbortSignal): Promise<IncludedTree> {
  return readIncluded(place, GRAMMAR, signal)
}
