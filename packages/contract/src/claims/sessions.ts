import type { ClaimsOf } from './claim.ts'

/** What operators do about clients that are there. */
export const SESSIONS = {
  'sessions/list': {
    behavior:
      'Sessions and subscriptions that are open are listed with who holds them, and never with an id that would let anybody in.',
    source: 'Hangar scenario 10; MCP 2025-11-25, Security Best Practices, "Session Hijacking"',
  },
  'sessions/suspend': {
    behavior:
      "A suspended session's or principal's very next call is refused as `suspended`; its running calls finish, and its streams that only listen end.",
    source: 'part 04a; Hangar 2.8',
  },
  'sessions/suspend/kept': {
    behavior: 'A suspension holds over a restart until it is taken back.',
    source: 'part 04a',
  },
  'sessions/suspend/everywhere': {
    behavior: 'A suspension counts within a second in every process on the same store.',
    source: 'part 04a',
  },
} as const satisfies ClaimsOf<'sessions'>
