import type { ClaimsOf } from './claim.ts'

/** Health paths and the admin API. */
export const HEALTH = {
  'health/strangers': {
    behavior:
      'Without a credential health says `{ "status" }` and nothing else, on both listeners.',
    source: 'design §2',
  },
  'health/ready/store': {
    behavior:
      'Readiness is 503 while the store cannot be written, liveness is not, and readiness recovers.',
    source: 'Design, "Health and sight"; Hangar scenario 14',
  },
  'health/ready/servers': {
    behavior: 'With a key, readiness names the servers that are down without failing for them.',
    source: 'Design, "Health and sight"',
  },
  'health/admin/role': {
    behavior: 'Every route under `/api/v1` wants an admin: a key of the role caller is refused.',
    source: 'design §8',
  },
  'health/admin/local': {
    behavior: 'The local socket serves the administrator without a key.',
    source: 'design §2, "Local administrator"',
  },
} as const satisfies ClaimsOf<'health'>
