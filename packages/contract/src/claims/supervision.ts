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
    source: 'Design, "Health"',
  },
  'supervision/health/no-values': {
    behavior:
      'Why a health call failed is told by path and shape, and no value of the result is shown.',
    source: 'design §7',
  },
  'supervision/health/no-pile': {
    behavior: 'Looks at one server never overlap, however long one takes.',
    source: 'Design, "Health"',
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
    source: 'Design, "servers verbs"',
  },
  'supervision/stderr/printable': {
    behavior:
      'Lines of stderr are shown without control characters and without what looks like a credential.',
    source: 'design §7',
  },
  'supervision/stderr/secrets': {
    behavior:
      'No value in the `env` of a server, of six characters or more, no word of twelve or more in one, and no argument behind a flag that names a secret is shown or logged where its child writes it to stderr, among its messages or in refusing its start.',
    source: 'design §7',
  },
  'supervision/stderr/flood': {
    behavior:
      'A server that floods its stderr slows no call to another one, and takes no more memory with time.',
    source: 'Design, "Supervision"; design §5',
  },
  'supervision/instances': {
    behavior:
      'A gateway process ends at its start what dead processes on its store left running, and leaves the children of living ones alone.',
    source: 'design §5; seed K 138',
  },
  'supervision/caps/memory': {
    behavior:
      'A child and all it starts together get no more memory than `caps.memory`, wherever they go.',
    source: 'Design, "Supervision"',
  },
  'supervision/caps/processes': {
    behavior:
      'A child and all it starts together get no more processes and threads than `caps.processes`.',
    source: 'Design, "Supervision"',
  },
  'supervision/caps/open-files': {
    behavior: 'No process of a child opens more files than `caps.openFiles`.',
    source: 'Design, "Supervision"',
  },
  'supervision/caps/cpu-time': {
    behavior: 'No process of a child uses more CPU time than `caps.cpuTime`.',
    source: 'Design, "Supervision"',
  },
  'supervision/caps/told': {
    behavior: 'A child that ran into a cap is degraded with the cap as its reason.',
    source: 'Design, "Supervision"',
  },
  'supervision/caps/refused': {
    behavior:
      'A server with a cap that this host cannot enforce is refused with what is missing, and no process of it is started.',
    source: 'Design, "Supervision"',
  },
  'supervision/caps/plain': {
    behavior:
      'A child with caps has the pid, process group, arguments, environment, signals and pipes of one without.',
    source: 'design §5',
  },
  'supervision/caps/groups': {
    behavior:
      'The control groups of a child go with it, after a failed start too, and those of a killed gateway with the next start.',
    source: 'Design, "Supervision"',
  },
} as const satisfies ClaimsOf<'supervision'>
