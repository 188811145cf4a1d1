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
  'secrets/erase/removed': {
    behavior:
      'Erasing a subject removes keys, users, logins, the name behind the id, counts and kept answers in one step, and a plan of it changes nothing.',
    source: 'issue 04a, "`erase --subject`"; facts/seed-items.md 04a, K 103; GDPR article 17',
  },
  'secrets/erase/chain': {
    behavior: 'After an erasure the audit log has every row it had and still verifies.',
    source: 'facts/seed-items.md 04a, K 103, "the chain stays whole"; design §4',
  },
  'secrets/erase/live': {
    behavior:
      'The sessions and streams of who is erased end at once, and its next call is refused where its credential was ours.',
    source: 'issue 04a, "Secrets" and "Keys"',
  },
  'secrets/erase/kept-out': {
    behavior:
      'Who is suspended and may come back with a token of somebody else stays suspended when erased, without the reason.',
    source: 'issue 04a, "suspend stops the very next call"',
  },
} as const satisfies ClaimsOf<'secrets'>
