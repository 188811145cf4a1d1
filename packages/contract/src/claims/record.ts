import type { ClaimsOf } from './claim.ts'

/** The audit log. */
export const RECORD = {
  'record/listen': {
    behavior:
      'A `subscriptions/listen` passes the steps of a call: it is recorded, and needs the right to.',
    source: 'design §2, "The way of one call"',
  },
  'record/before-answer': {
    behavior: 'An answer that cannot be recorded does not leave.',
    source: 'design §2',
  },
  'record/killed': {
    behavior:
      'After `kill -9` in the middle of traffic every answered call is in the log, with its caller, and the log verifies.',
    source: 'Hangar scenario 14; design §4',
  },
  'record/intent': {
    behavior: 'A call that is not pinned read-only leaves a row before it goes to its server.',
    source: 'design §4',
  },
  'record/refusals/bounded': {
    behavior:
      'Of the calls of one principal beyond its rates and quotas at most ten rows a second are kept; metrics and usage count them all.',
    source: 'Design, "Audit": a caller must not be able to roll the log over',
  },
  'record/refusals': {
    behavior: 'Refusals are recorded too: unknown names, tool errors and bad credentials.',
    source: 'design §2',
  },
  'record/door-flood': {
    behavior:
      'Of the door’s refusals at most 10 rows a second are kept per address, and all are counted.',
    source: 'design §4',
  },
  'record/arguments': {
    behavior: 'Arguments are in the log as a keyed hash and not as text.',
    source: 'Hangar scenario 14; design §4',
  },
  'record/row': {
    behavior:
      'A row says who called, from where, what, with what outcome, for how long, and under which request id.',
    source: 'design §4; Design, "Health and sight"',
  },
  'record/member': {
    behavior:
      'The row of a call to a group names the members that it was given to, in order; it is found by each of them, and vouched for like the rest of the row.',
    source: 'design §4; Design, "Groups"',
  },
  'record/unwritable': {
    behavior:
      'A call that cannot be recorded is refused with 503 `store_unwritable` before it runs, and calls go on once a write works.',
    source: 'design §4; Hangar scenario 14',
  },
  'record/tamper': {
    behavior: 'Editing, removing, reordering and cutting off rows is found, with the place.',
    source: 'design §4',
  },
  'record/verify/live': {
    behavior: 'The log can be verified while calls are recorded.',
    source: 'design §4',
  },
  'record/retention': {
    behavior: 'Old rows are removed by age and by size, and what is left verifies.',
    source: 'design §3',
  },
  'record/list': {
    behavior: 'The log is listed newest first, page by page, by each of its filters.',
    source: 'Design, "Record"',
  },
  'record/list/tool': {
    behavior:
      'The log is filtered by the tool name that clients see, also by one that no server has.',
    source: 'design §5',
  },
} as const satisfies ClaimsOf<'record'>
