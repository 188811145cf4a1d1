import type { ClaimsOf } from './claim.ts'

/** Servers are looked at, kept within bounds, and leave nothing behind. */
export const SUPERVISION = {
  'supervision/health/interval': {
    behavior:
      'Each server is looked at at its own interval, give or take a tenth, and one that hangs is degraded after as many looks as configured while others are untouched.',
    source: 'Hangar scenario 7',
  },
  'supervision/health/call': {
    behavior:
      'A configured harmless call that does not give what is expected degrades its server after so many in a row, keeps its session, and one that does recovers it at once.',
    source: 'part 03a, "Health"',
  },
  'supervision/health/no-values': {
    behavior:
      'Why a health call failed is told by path and shape, and no value of the result is shown.',
    source: 'design §7',
  },
  'supervision/health/no-pile': {
    behavior: 'Looks at one server never overlap, however long one takes.',
    source: 'part 03a, "Health"',
  },
  'supervision/health/no-use': {
    behavior:
      'A health call is no use of a server, no call of a principal and no row of the audit.',
    source: 'design §6',
  },
} as const satisfies ClaimsOf<'supervision'>
