import type { ClaimsOf } from './claim.ts'

/** What drills prove, and when they fail. */
export const CHECK_DRILLS = {
  'check/drill/failover': {
    behavior:
      'The drill takes the first member of each group, or of each critical one, away under calls; it succeeds when no call fails that may be made twice, and fails for a group of one.',
    source: 'Hangar recipe 13, line 70; system checklist, line 166',
  },
  'check/drill/cold-start': {
    behavior:
      'The drill measures the first call to each cold server, and fails when it takes longer than the recovery time objective.',
    source: 'Hangar recipe 13, line 71',
  },
  'check/drill/flood': {
    behavior:
      'The drill floods as one caller; it succeeds when that one gets 429 with a time to retry and another one no refusal, and fails where the limit is none.',
    source: 'Hangar recipe 13, line 72',
  },
  'check/drill/auth': {
    behavior:
      'The drill comes without a key, with a wrong one and with ones that may too little; it fails where any of them is let in.',
    source: 'Hangar recipe 13, line 73',
  },
  'check/drill/reload': {
    behavior:
      'The drill changes the file under calls; it succeeds when the change applies, a broken file changes nothing and no call fails.',
    source: 'Hangar recipe 13, line 74',
  },
  'check/drill/recover': {
    behavior:
      'The drill kills all servers at once, and fails when one does not come back by itself within the recovery time objective.',
    source: 'Hangar recipe 13, line 75',
  },
  'check/drill/keys': {
    behavior:
      'The drill rotates and revokes a key under calls; it succeeds when the old secret holds for its overlap and no longer, and no call of another key fails.',
    source: 'exposure document, keys are rotated',
  },
  'check/drill/stop': {
    behavior:
      'The drill stops the gateway under calls, and fails when a call under way is lost or it does not end with code 0.',
    source: 'Hangar recipe 13, line 50; Slack checklist, shutdown',
  },
  'check/drill/stream': {
    behavior:
      'The drill holds a stream through `publicUrl` for longer than a minute, and fails when something on the way cuts it.',
    source: 'Discord checklist and exposure document, streams through the proxy',
  },
  'check/drill/calendar': {
    behavior:
      'A drill that was never run or is older than its time is overdue, and leaves the calendar unproved; one whose last run failed fails it.',
    source: 'system checklist, line 173',
  },
  'drill/copy': {
    behavior:
      'A drill works on a copy with a store, addresses and keys of its own; what it is a copy of is not touched, and no secret of it is written to disk.',
    source: 'part 06a, drills',
  },
  'drill/cleared': {
    behavior:
      'A drill that ends, fails, is interrupted or killed leaves no process, no folder and no key that is good.',
    source: 'part 06a, drills',
  },
  'drill/not-run': {
    behavior:
      'A drill that cannot be run says what is missing and how to get it, ends with code 3, and is not kept as a run.',
    source: 'part 06a, drills',
  },
  'drill/live': {
    behavior:
      'With `--live` the drills `auth`, `flood` and `keys` try the gateway that runs, with keys that are made for them and revoked.',
    source: 'part 06a, drills',
  },
} as const satisfies ClaimsOf<'check' | 'drill'>
