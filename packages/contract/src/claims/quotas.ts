import type { ClaimsOf } from './claim.ts'

/** Rates, concurrency and daily quotas of calls, and budgets of their results. */
export const QUOTAS = {
  'quotas/concurrent/apart': {
    behavior:
      'A call that a cap of its own holds back waits, and calls behind it that the cap does not concern pass.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/rate': {
    behavior:
      'Beyond the rate of a server or a tool a call is the tool error `rate_limited` with the time to wait, and was not sent.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/daily': {
    behavior:
      'Beyond a daily quota a call is the tool error `quota_exceeded` with nothing remaining and the time until 00:00 UTC.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/writes': {
    behavior:
      'Bounds on writes count the calls that are not pinned read-only, and these count in the general bounds as well.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/members': {
    behavior:
      'A call through a group costs what its member’s own bounds say, counted with the calls by the member’s name; a member whose bounds refuse it is passed over.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/names': {
    behavior:
      'A refusal for a rate or a quota names no server and no tool, which the caller may know by another name.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/unsent': {
    behavior: 'A call that certainly reached no server costs no daily quota.',
    source:
      'Design, "Limits an agent understands"; a server that is down must not use up a caller’s day',
  },
  'quotas/whole': {
    behavior: 'A call that one bound refuses takes nothing from any other.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/restart': {
    behavior: 'What was used of a daily quota is still used after a restart.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/replicas': {
    behavior:
      'Gateways on one store learn of the calls of each other under daily quotas within five seconds of their own.',
    source: 'design §9, "shared by replicas"',
  },
  'quotas/clock': {
    behavior: 'A clock that is set back gives no daily quota a second time.',
    source: 'Design, "Done when"',
  },
  'quotas/reload': {
    behavior: 'Another configuration leaves what was used under bounds that it did not change.',
    source: 'Design, "Reload"',
  },
  'quotas/usage': {
    behavior:
      'Calls, refusals by code, what is in flight and what is left of today are counted for each principal.',
    source: 'facts/hangar.md §6, scenario 6',
  },
  'quotas/flood': {
    behavior:
      'A flood of one principal is answered 429 with `Retry-After`, and another is refused nothing.',
    source: 'facts/hangar.md §6, scenario 6',
  },
  'quotas/results/kept': {
    behavior:
      'A result beyond its budget is kept, and the answer says in one sentence and in `_meta` how it is read.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/results/exact': {
    behavior:
      'The parts that `sallyport__read_more` gives are, put together, the text of the result as its server wrote it.',
    source: 'facts/hangar.md §6, scenario 15',
  },
  'quotas/results/own': {
    behavior:
      'A handle of another principal, an expired one and one that never was are answered alike.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/results/listed': {
    behavior: '`sallyport__read_more` is listed while some budget is set, and unknown otherwise.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/results/session': {
    behavior:
      'Once a session was given its bytes of whole results, every further result above 1 KiB is kept.',
    source: 'Design, "Limits an agent understands"',
  },
  'quotas/results/room': {
    behavior:
      'A result that there is no room to keep is `result_too_large`, and what is kept counts as buffered bytes.',
    source: 'design §6',
  },
} as const satisfies ClaimsOf<'quotas'>
