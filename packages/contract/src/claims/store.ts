import type { ClaimsOf } from './claim.ts'

/** Where state is kept: embedded and PostgreSQL. */
export const STORE = {
  'store/kept': {
    behavior: 'Keys outlive a restart with every field, on SQLite and on PostgreSQL.',
    source: 'design §4',
  },
  'store/engines': {
    behavior:
      'A gateway over PostgreSQL keeps keys and audit through `kill -9`, and verifies as the embedded one.',
    source: 'design §4; Design, "Store"',
  },
  'store/lock': {
    behavior: 'A second gateway on one embedded store is refused with the pid of the first.',
    source: 'design §2, "Local administrator"',
  },
  'store/lock/released': {
    behavior: 'The lock of a gateway that ended, or was killed, is free.',
    source: 'design §2, "Local administrator"',
  },
  'store/unwritable': {
    behavior:
      'A store that cannot be written refuses the start, naming the key, before any port opens.',
    source: 'design §7; Hangar scenario 14',
  },
  'store/hang': {
    behavior:
      'A store that hangs holds no call beyond its deadline; after 5 s it counts as not writable, and calls are refused at once.',
    source: 'Design, "Done when"; design §4',
  },
  'store/faults/full': {
    behavior:
      'On a full disk calls are refused unsent with 503 and readiness is 503; no answered call lacks its record, and it recovers without a restart.',
    source: 'Design, "Done when"; design §4',
  },
  'store/faults/io': {
    behavior:
      'While the disk fails to write or to sync, no call is answered without its record, and it recovers without a restart.',
    source: 'Design, "Done when"; design §4',
  },
  'store/faults/paused': {
    behavior:
      'While PostgreSQL stands still calls are refused within their deadline, readiness is 503, and it recovers without a restart.',
    source: 'Design, "Done when"; design §4',
  },
  'store/clock': {
    behavior:
      'A wall clock that jumps ends no call and no session but those whose total age it exceeds, sets off no storm of timers, and the record stays whole.',
    source: 'Design, "Done when"; design §3, "Clocks"',
  },
  'store/newer': {
    behavior: 'A store that a newer version wrote is refused, naming both versions.',
    source: 'design §4; Slack checklist 142',
  },
  'store/migrate': {
    behavior:
      'A migration keeps the data, one that fails changes nothing, and an embedded store is copied first.',
    source: 'design §4',
  },
  'store/migrate/plan': {
    behavior:
      'Pending migrations are listed, long and destructive ones marked, without changing anything.',
    source: 'Slack checklist 142; Discord production seed 24',
  },
  'store/migrate/together': {
    behavior: 'Two gateways may open one new PostgreSQL store at once.',
    source: 'design §4',
  },
  'store/master-key/wrong': {
    behavior: 'A wrong master key refuses the start and changes nothing.',
    source: 'design §7',
  },
  'store/master-key/rotated': {
    behavior:
      'While two master keys are configured a store moves to the new one, and old rows still verify.',
    source: 'design §3',
  },
  'store/master-key/made': {
    behavior:
      'The master key of an embedded store is made once, in a file for its owner alone; one that others can read is refused.',
    source: 'design §3',
  },
  'store/master-key/lost': {
    behavior:
      'A master key file that is gone while its store is there refuses the start; no other key is made in its place.',
    source: 'design §3; design §7',
  },
  'store/master-key/postgres': {
    behavior: 'A PostgreSQL store without a master key is refused.',
    source: 'design §3',
  },
  'store/postgres/tls': {
    behavior:
      'A PostgreSQL over a network is spoken to with verified TLS unless `sslmode` says otherwise.',
    source: 'system checklist 112',
  },
  'store/socket': {
    behavior:
      'The administrator’s socket is for its owner alone, and is not taken from a gateway that lives.',
    source: 'design §2, "Local administrator"',
  },
} as const satisfies ClaimsOf<'store'>
