import type { ClaimsOf } from './claim.ts'

/** The keys that data are sealed with, and people's data that are to go. */
export const SECRETS = {
  'secrets/master/live': {
    behavior:
      'A reload with a new master key and the old one goes over to the new one, and no call fails for it.',
    source: 'issue 04a, "Secrets" and "Done when"; design §4',
  },
  'secrets/master/refused': {
    behavior:
      'A reload whose master key opens nothing of the store is refused whole and changes nothing.',
    source: 'issue 04a, "wrong key refuses to start"; design §3',
  },
  'secrets/master/file': {
    behavior:
      'A rotation replaces the master key in its file, and a process killed at any step of it leaves a store that starts.',
    source: 'issue 04a, "`secrets rotate` online while serving"',
  },
  'secrets/data/rotated': {
    behavior:
      'A rotation seals everything that is kept with a new key, and what clients hold stays good until it is over by itself.',
    source: 'issue 04a, "envelope encryption with key ids"; NIST SP 800-57 part 1, §5.3.6',
  },
  'secrets/data/processes': {
    behavior:
      'No gateway seals with a new key before all gateways on the store have had time to learn it.',
    source: 'issue 04a, "Rotation of the master key ... under load: zero failed calls"; design §9',
  },
  'secrets/data/one': {
    behavior: 'Of two rotations at once one is refused, also in two processes on one store.',
    source: 'issue 04a, "Secrets"',
  },
  'secrets/data/dropped': {
    behavior:
      'A key is dropped only when nothing that was sealed with it can be presented any more.',
    source: 'NIST SP 800-57 part 1, §5.3.4 (usage periods of recipients)',
  },
} as const satisfies ClaimsOf<'secrets'>
