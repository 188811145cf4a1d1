import type { ClaimsOf } from './claim.ts'

/** People who log in: their passwords, sessions and tokens. */
export const USERS = {
  'users/login/cookie': {
    behavior:
      'A person logs in with name and password, gets a cookie that no script reads and no other site sends, and is out at once after logging out.',
    source: 'issue 04a, "Users"; OWASP ASVS 5.0, 3.3, 7.4.1; RFC 6265bis §4.1',
  },
  'users/login/bearer': {
    behavior:
      'A program logs in as a person with `kind: bearer` and gets a JWT for the admin API, which ends with its login at once.',
    source: 'issue 04a, "Users"; RFC 7519; RFC 8725',
  },
  'users/login/alike': {
    behavior:
      'An unknown name, a disabled user and a wrong password get the same answer, and none of them is logged with the password.',
    source: 'OWASP ASVS 5.0, 6.3.8',
  },
  'users/login/fixation': {
    behavior:
      'Logging in always gives a new session, whatever the browser brought, and ends the one it had.',
    source: 'OWASP ASVS 5.0, 7.2.4; issue 04a, attack suite',
  },
} as const satisfies ClaimsOf<'users'>
