import type { ClaimsOf } from './claim.ts'

/** What holds whatever servers do: the promises of `docs/reliability.md`. */
export const RELIABILITY = {
  'reliability/answered': {
    behavior:
      'Whatever a server does to the calls in flight, over whatever transport, each of them is answered within its deadline, with its own result or a typed error.',
    source: 'Design, "Done when": chaos suite',
  },
  'reliability/orphans': {
    behavior:
      'A server that died, hung or was ended leaves no process behind, also not those that left its process group, and it serves again without anybody’s help.',
    source: 'Design, "Done when": chaos suite; design §5',
  },
  'reliability/files': {
    behavior:
      'Servers that misbehave do not make the gateway hold more files and connections open than before.',
    source: 'Design, "Done when": chaos suite',
  },
  'reliability/reload': {
    behavior:
      'While the configuration is reloaded again and again under load, no call to a server that stayed the same fails, and its child goes on.',
    source: 'part 03a, "Done when": reload under load',
  },
} as const satisfies ClaimsOf<'reliability'>
