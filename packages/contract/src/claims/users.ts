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
  'users/bootstrap': {
    behavior:
      'The first admin is made by `sallyport admin bootstrap` on the machine of the gateway alone, and only while there is no admin, also when several try at once.',
    source: 'issue 04a, "Users"',
  },
  'users/must-change': {
    behavior:
      'Whoever has a password that somebody else knows may do nothing but change it, see who it is, and log out.',
    source: 'OWASP ASVS 5.0, 6.4.1',
  },
  'users/commands': {
    behavior:
      'Users are listed, made, changed, disabled, enabled and removed by commands, whether or not a gateway runs.',
    source: 'issue 04a, "Users"; design §2, "Local administrator"',
  },
  'users/last-admin': {
    behavior:
      'The last admin who can log in cannot be removed, disabled, demoted or bound to a tenant, also when two processes try at once.',
    source: 'issue 04a, "Users"',
  },
  'users/changes/end': {
    behavior:
      'A change of password, roles, tenant or of being disabled ends all logins of the user and of nobody else.',
    source: 'OWASP ASVS 5.0, 7.4.2, 7.4.3',
  },
} as const satisfies ClaimsOf<'users'>
