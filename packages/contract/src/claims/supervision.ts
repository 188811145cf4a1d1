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
  'supervision/stderr/bounded': {
    behavior:
      'What the children of a server write to stderr is kept up to 1 MiB and shown as the newest 1,000 lines of at most 8 KiB, also after their end.',
    source: 'design §5',
  },
  'supervision/stderr/lines': {
    behavior: 'Each line of stderr has its time and the process that wrote it.',
    source: 'part 03a, "servers verbs"',
  },
  'supervision/stderr/printable': {
    behavior:
      'Lines of stderr are shown without control characters and without what looks like a credential.',
    source: 'design §7',
  },
  'supervision/instances': {
    behavior:
      'A gateway process ends at its start what dead processes on its store left running, and leaves the children of living ones alone.',
    source: 'design §5; seed K 138',
  },
} as const satisfies ClaimsOf<'supervision'>
