import type { ClaimsOf } from './claim.ts'

/** Bounds on what a caller or a server may take. */
export const LIMITS = {
  'limits/body/size': {
    behavior: 'A body of exactly the limit is handled, and one byte more is 413.',
    source: 'rule A9; Discord scenario 5',
  },
  'limits/body/declared': {
    behavior: 'A declared length over the limit is 413 before a byte of the body has come.',
    source: 'Discord scenario 5; Design, "Limits"',
  },
  'limits/body/chunked': {
    behavior: 'A body without length is 413 at the limit, and what was sent is not kept.',
    source: 'Discord scenario 5; Design, "Limits"',
  },
  'limits/body/slow': {
    behavior: 'Slow headers and slow bodies end as 408, and a hundred at once delay nobody.',
    source: 'Discord scenario 5; Design, "Limits"',
  },
  'limits/headers': {
    behavior: 'Headers over their limit are 431.',
    source: 'rule A9; RFC 6585 §5',
  },
  'limits/depth': {
    behavior: 'Nesting is allowed up to the limit, and one level more is refused.',
    source: 'rule A9; design §2',
  },
  'limits/connections': {
    behavior:
      'Connections beyond the cap of a listener or of an address are closed at once and counted.',
    source: 'rule A9; design §6',
  },
  'limits/rate/batch': {
    behavior:
      'A batch costs as much of the rate as its messages one by one, or none of it runs; one longer than the burst is refused for good.',
    source: 'design §6; Design, "Limits"',
  },
  'limits/rate': {
    behavior:
      'A principal beyond its burst is refused until a token is there; other principals are not.',
    source: 'design §6; Design, "Limits"',
  },
  'limits/queue/principal': {
    behavior: 'Calls of a principal beyond its own cap wait, and do not hold up those of others.',
    source: 'design §6',
  },
  'limits/queue/fair': {
    behavior: 'A principal with many waiting calls delays another by one turn only.',
    source: 'design §6; Design, "Limits"',
  },
  'limits/queue/full': {
    behavior:
      'A call that finds the queue of its server full is refused as `queue_full`, and was not sent.',
    source: 'design §6',
  },
  'limits/queue/abandoned': {
    behavior:
      'A call that is given up while it waits leaves the queue, and was certainly not sent.',
    source: 'design §6',
  },
  'limits/bytes/total': {
    behavior:
      'Beyond the budget of buffered bytes requests and results are refused as `overloaded`, and every byte is given back.',
    source: 'design §6',
  },
  'limits/bytes/principal': {
    behavior: 'One principal holds at most a quarter of the budget of buffered bytes.',
    source: 'design §6',
  },
  'limits/deadline': {
    behavior: 'A call over its deadline ends with a typed answer, and not before.',
    source: 'design §6',
  },
  'limits/result': {
    behavior:
      'A result over the limit is `result_too_large`, fails its own call only, and is not read to its end.',
    source: 'design §6',
  },
  'limits/shed': {
    behavior: 'While the event loop is too slow for too long the door answers 503.',
    source: 'design §8',
  },
} as const satisfies ClaimsOf<'limits'>
