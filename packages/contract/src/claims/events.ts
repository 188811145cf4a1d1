import type { ClaimsOf } from './claim.ts'

/** What the stream of events promises. */
export const EVENTS = {
  'events/told': {
    behavior:
      'What happens is told at once to whoever watches, and only of the types that it asked for.',
    source: 'part 04a; Hangar 2.13',
  },
  'events/changes': {
    behavior: 'What was changed over the API is told once it is made, with who made it.',
    source: 'part 04a',
  },
  'events/resume': {
    behavior:
      'Who comes back with `Last-Event-ID` gets what came meanwhile, of the last 1,000 events, and is told where some are lost.',
    source: 'WHATWG HTML, "Server-sent events"',
  },
  'events/bounded': {
    behavior: 'No more streams are open at once than `limits.eventStreams`.',
    source: 'style §3.1',
  },
  'events/slow': {
    behavior: 'A reader that is too slow is dropped, told why, and delays nobody.',
    source: 'style §3.9',
  },
  'events/ends': {
    behavior:
      'A stream ends with its reason once its key is revoked, suspended or may watch no longer, and when the gateway stops.',
    source: 'part 04a; design §2',
  },
  'events/tenants': {
    behavior:
      'A tenant is told of what is its own and of servers that it sees, and of nothing else.',
    source: 'Hangar scenario 10',
  },
  'events/harmless': {
    behavior: 'Telling of events never fails or delays what is told of.',
    source: 'style §3.10',
  },
} as const satisfies ClaimsOf<'events'>
