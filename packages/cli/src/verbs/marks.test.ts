import type { MarkChanged } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import type { MarkTarget } from '../administration.ts'
import { formatCleared, formatSet } from './marks.ts'

const FILES = { server: 'files', kind: 'blocked' } as const
const DRAINING = { server: 'files', kind: 'draining' } as const
const GATEWAY = { server: undefined, kind: 'draining' } as const

function changed(inFlight: number | null, really = true): MarkChanged {
  return { server: 'files', mark: null, changed: really, inFlight }
}

test.each<readonly [MarkTarget, number | null, string, string]>([
  [
    FILES,
    2,
    'blocked files: it is on no list and calls to it are refused; 2 calls in flight may finish',
    'servers unblock files',
  ],
  [
    DRAINING,
    0,
    'draining files: new calls are refused; no call is in flight',
    'servers undrain files',
  ],
  [
    GATEWAY,
    1,
    'draining the gateway: it is not ready and new calls are refused; 1 call in flight may finish',
    'drain --off',
  ],
  [
    FILES,
    null,
    'blocked files: it is on no list and calls to it are refused from the next start on (no gateway runs now)',
    'servers unblock files',
  ],
])(
  '%j with %j calls in flight says what is refused, and how to undo it',
  (target, inFlight, words, undo) => {
    const [first, second] = formatSet(target, changed(inFlight)).split('\n')
    expect(first).toBe(words)
    expect(second).toMatch(new RegExp(`^to undo: \\S*sallyport ${undo}$`))
  },
)

test.each<readonly [MarkTarget, boolean, string]>([
  [FILES, true, 'files is no longer blocked'],
  [FILES, false, 'files was not blocked'],
  [GATEWAY, true, 'the gateway is no longer draining'],
  [GATEWAY, false, 'the gateway was not draining'],
])('%j taken away (%j): %s', (target, really, words) => {
  expect(formatCleared(target, changed(0, really))).toBe(words)
})
