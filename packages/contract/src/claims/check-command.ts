import type { ClaimsOf } from './claim.ts'

/** The engine of the checklist and the command `check`. */
export const CHECK_COMMAND = {
  'check/engine/deadline': {
    behavior:
      'A probe that takes longer than its deadline leaves its answer unproved, and the run goes on.',
    source: 'design §8; house style §3.9',
  },
  'check/engine/throws': {
    behavior: 'A probe that throws leaves its answer unproved with the sentence of the error.',
    source: 'design §8',
  },
  'check/engine/secrets': {
    behavior:
      'A secret of the configuration or one read from a file of the deployment is in no evidence and no remedy, whatever a probe says.',
    source: 'MCP Hangar, recipe 13, "Security"; house style §3.5',
  },
  'check/engine/printable': {
    behavior: 'Evidence and remedies hold no control characters, and none is longer than 2,000.',
    source: 'OWASP ASVS 5.0, "Logging", 16.4',
  },
  'check/engine/once': {
    behavior: 'An answer is looked for once a run, however many items take it.',
    source: 'design §8',
  },
  'check/engine/together': {
    behavior:
      'An item is as bad as the worst of its answers; those that do not apply are left out, and where none applies neither does the item.',
    source: 'design §8',
  },
  'check/engine/attested': {
    behavior:
      'An attestation of an item or of an answer counts where no program can tell, until it expires; it never covers what was seen to fail.',
    source: 'seeds S 194-215, K 127-133',
  },
  'check/engine/enforced': {
    behavior:
      'What the product keeps by itself is proved where a gateway runs that says its version.',
    source: 'design §8',
  },
  'check/engine/drilled': {
    behavior:
      'What a drill shows is proved by its last run while that succeeded, left no server out, and is not overdue.',
    source: 'seed S 173',
  },
  'check/engine/signal': {
    behavior: 'A signal ends a run at once, and no report comes of it.',
    source: 'design §8',
  },
  'check/engine/regressions': {
    behavior:
      'An item that was good in the report before and is not any more is named as a regression.',
    source: 'seeds S 89-91, 129',
  },
  'check/command/exit-code': {
    behavior:
      '`check` ends with 0 when everything is proved, attested or not applicable, with 1 when something fails, and with 3 when nothing fails and something is unproved.',
    source: 'design §8',
  },
  'check/command/interrupted': {
    behavior:
      'A `check` that a signal ends prints no report, revokes its key and ends with the code of that signal.',
    source: 'design §8',
  },
  'check/command/broken-configuration': {
    behavior:
      'A configuration that cannot be run is looked at all the same, together with the gateway that still runs on it.',
    source: 'design §3',
  },
  'check/command/profile': {
    behavior:
      'The profile is the one that is given, else that of the configuration, else `compose` where a compose file is, in a pod `kubernetes`, else `local`.',
    source: '`checklist.profile` of the configuration',
  },
  'check/command/key': {
    behavior:
      'The key of a run is a caller, ends within 15 minutes by itself, is made once at the most, and is revoked with the run, also when that fails.',
    source: 'MCP Hangar, recipe 13, "Security"; house style §3.9',
  },
  'check/command/given-key': {
    behavior: 'With SALLYPORT_KEY a run uses that key, and makes none.',
    source: 'design §8',
  },
  'check/command/only': {
    behavior:
      '`--only` and `--phase` confine a run to items by their id or by what answers them; what nothing fits is refused with near misses.',
    source: 'design §8; seeds S 194-215',
  },
  'check/command/store': {
    behavior:
      'Where no gateway runs, `check` neither makes nor migrates a store, and does not hold its lock while it looks.',
    source: 'design §3; house style §3.9',
  },
  'check/command/hung': {
    behavior:
      'Where the gateway runs and says nothing for ten seconds, its health fails, and everything that does not need it is looked at.',
    source: 'design §8; style §3.9',
  },
  'check/command/kept': {
    behavior:
      'A report of everything is kept in the store and signed; one that was confined is neither.',
    source: 'seeds S 194-215',
  },
  'check/command/out': {
    behavior:
      '`--out` writes the chosen form to a file, all of it or nothing, and prints the text.',
    source: 'design §8',
  },
  'check/command/forms': {
    behavior: '`check` prints one form only: several of them are refused.',
    source: 'design §8',
  },
  'check/command/watch': {
    behavior:
      '`check --watch` prints the report once and from then on what changed; a signal ends it with the code of the last look.',
    source: 'seeds K 127-133',
  },
  'check/command/explain': {
    behavior:
      '`check --explain` says of one item how it is judged, what was seen for each of its answers, how to mend it, who stands for it and how it stood before.',
    source: 'design §8',
  },
  'check/command/baseline': {
    behavior:
      '`check --accept-baseline` keeps the figures of the running gateway, and says which it could not measure and why.',
    source: 'seeds S 89-91, 129',
  },
} as const satisfies ClaimsOf<'check'>
