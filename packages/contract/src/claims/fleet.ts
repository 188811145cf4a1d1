import type { ClaimsOf } from './claim.ts'

/** The set of servers: exchanged while it runs, kept from what fails, under an operator's hand. */
export const FLEET = {
  'fleet/breaker/opens': {
    behavior:
      'After a number of transport failures in a row calls are refused at once, with the time to retry.',
    source: 'Hangar scenario 4; design §2',
  },
  'fleet/breaker/probe': {
    behavior: 'After its reset a breaker lets exactly one call try; if it gets through, all may.',
    source: 'Hangar scenario 4',
  },
  'fleet/breaker/lost-probe': {
    behavior: 'A call that tried and whose caller left does not wedge a breaker.',
    source: 'Hangar scenario 4',
  },
  'fleet/breaker/transport-only': {
    behavior: 'What callers and tools do wrong never opens a breaker.',
    source: 'Hangar scenario 5; design §5',
  },
  'fleet/breaker/own-child': {
    behavior: 'A child of one principal that keeps crashing opens no breaker for another.',
    source: 'design §5',
  },
  'fleet/breaker/one-incident': {
    behavior:
      'A child that dies with many calls, or a start that many wait for, is one failure for a breaker.',
    source: 'design §5',
  },
  'fleet/apply/kept': {
    behavior:
      'Over a reload a server whose command, address, secrets and sharing are unchanged keeps its children, sessions, calls, subscriptions and marks.',
    source: 'Hangar scenario 8',
  },
  'fleet/apply/drains': {
    behavior:
      'A server that is changed or removed lets the calls inside it run to their end, then ends with all it started; new calls go to its successor at once.',
    source: 'Hangar scenario 8',
  },
  'fleet/apply/subscriptions': {
    behavior:
      'What clients subscribed to at a server that is changed is subscribed to at its successor, and they hear that they may have missed something.',
    source: 'design §5',
  },
  'fleet/prestart': {
    behavior:
      'A server with `prestart` is started with the gateway; that it cannot be started only shows in its state.',
    source: 'Hangar 2.2',
  },
  'fleet/recovery': {
    behavior:
      'A member of a group that went away is used again within two intervals of its coming back, without a call or a hand.',
    source: 'Hangar scenario 3; Hangar §4.2 b',
  },
  'fleet/apply/lists': {
    behavior:
      'Over a reload a server under the same command or address keeps what it lists; clients hear of lists that show something else.',
    source: 'Hangar scenario 8',
  },
  'fleet/start': {
    behavior: 'An operator starts a server also while it is left alone after failed starts.',
    source: 'design §8, `servers`',
  },
  'fleet/stop': {
    behavior:
      'A server that an operator stops finishes its calls within the time given; the next call starts it again.',
    source: 'design §8, `servers`',
  },
  'fleet/block': {
    behavior:
      'A blocked server refuses calls with the reason, finishes those that run, and is started by nothing.',
    source: 'Hangar §4.2 h; design §5',
  },
  'fleet/drain': {
    behavior:
      'A server that is drained refuses new calls with a time to retry and finishes those that run.',
    source: 'S 267',
  },
  'fleet/check': {
    behavior: 'A look at a server on demand starts it where it is cold, and says how it is.',
    source: 'ContextForge #6842',
  },
  'fleet/logs': {
    behavior: 'The last lines that a child wrote to its standard error outlive it.',
    source: 'Hangar 2.2',
  },
  'fleet/block/hidden': {
    behavior: 'A blocked server is on no list, and clients hear of that.',
    source: 'design §5',
  },
} as const satisfies ClaimsOf<'fleet'>
