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
  'users/login/admin-only': {
    behavior:
      'A login is good on the admin listener alone: on the data listener its token is refused and its cookie not looked at.',
    source: 'issue 04a, "Users"; design §2, "Two listeners"',
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
  'users/csrf': {
    behavior:
      'A session changes nothing without the token of that session, and does nothing for a page of another site or of a sibling host; such a page cannot log its visitor in either.',
    source: 'OWASP ASVS 5.0, 3.5.1; Fetch Metadata §2.4; rule H7',
  },
  'users/cookie/host': {
    behavior:
      'Over https the session is a `__Host-` cookie, `Secure`, `HttpOnly` and `SameSite=Strict`, and a cookie of another name is not looked at; over plain http, which is loopback alone, it is not `Secure`.',
    source: 'OWASP ASVS 5.0, 3.3.1 to 3.3.4; RFC 6265bis §4.1.3.2',
  },
  'users/cookie/form': {
    behavior:
      'A session cookie that comes twice, in another form, or with more than 8 KiB of cookies is refused.',
    source: 'issue 04a, attack suite; RFC 6265 §5.4',
  },
  'users/cookie/alone': {
    behavior:
      'Beside an Authorization header a cookie is not looked at, so a wrong key is never made good by a session.',
    source: 'issue 04a, "Users"',
  },
  'users/password': {
    behavior:
      'A person changes the own password by giving the old one; all its logins end and the one that asked is made anew. Short, common, repeated ones and those with the own name are refused.',
    source: 'OWASP ASVS 5.0, 6.2, 7.2.4',
  },
  'users/password/rules': {
    behavior:
      'A password has 12 to 1,024 characters of any kind, counted and compared after NFKC; the commonest, those that repeat or count up and those with the name of the user are refused.',
    source: 'OWASP ASVS 5.0, 6.2; NIST SP 800-63B-4 §3.1.1.2',
  },
  'users/password/upgrade': {
    behavior:
      'A password that was hashed at another cost than is asked for now is hashed anew at the next login.',
    source: 'OWASP ASVS 5.0, 11.4.2; Password Storage Cheat Sheet',
  },
  'users/token/forged': {
    behavior:
      'A login token that is forged, expired, unsigned, of another algorithm, type, issuer or audience, or of another person is refused.',
    source: 'RFC 8725 §3; issue 04a, attack suite',
  },
  'users/token/rotation': {
    behavior:
      'The login key is rotated under load without one failed call; once it is no longer configured the old one is good for nothing.',
    source: 'issue 04a, "Done when"; seed lines 19, 24 and 117',
  },
  'users/throttle/name': {
    behavior:
      'From the fifth wrong password on a name is held, twice as long each time up to 15 minutes, whether or not somebody has it.',
    source: 'OWASP ASVS 5.0, 6.3.1',
  },
  'users/throttle/own': {
    behavior:
      'Whoever is logged in goes on, and may log in again from the same browser, while others guess its password; guesses at the old password from a session are held by themselves.',
    source: 'OWASP ASVS 5.0, 6.1.1',
  },
  'users/throttle/address': {
    behavior:
      'An address with many failed logins is held for every name, before a password is looked at; sessions from there go on.',
    source: 'OWASP ASVS 5.0, 6.3.1; design §6',
  },
  'users/timing': {
    behavior:
      'Over 2,000 tries the check of a password takes as long for a name that nobody has as for one that somebody has.',
    source: 'OWASP ASVS 5.0, 6.3.8; issue 04a, attack suite',
  },
  'users/api': {
    behavior:
      'Users are made, shown, changed and removed over the API, changes by the version that was read; a password that is made is shown once, and no hash ever.',
    source: 'issue 04a, "Users" and "Admin API"',
  },
  'users/grant': {
    behavior:
      'Nobody gives a user rights that it lacks itself, nor changes, resets or removes a user who has such.',
    source: 'issue 04a, "Roles"; OWASP ASVS 5.0, 8.2.1',
  },
  'users/live': {
    behavior:
      'What the roles and the tenant of a user allow counts from its next request on, without a new login.',
    source: 'issue 04a, "Roles" and "Tenancy"',
  },
  'users/tenant': {
    behavior:
      'Whoever belongs to a tenant finds, makes and changes users of that tenant alone, and others answer as if they did not exist.',
    source: 'issue 04a, "Tenancy"',
  },
  'users/logins': {
    behavior:
      'People list and end their own logins, administrators those of others; a login that ends is out at once.',
    source: 'issue 04a, "Users"; OWASP ASVS 5.0, 7.4.5, 7.5.2',
  },
  'users/numbers': {
    behavior:
      '1,000 users are read in under a second and listed in under 50 ms, in pages without gap or repetition.',
    source: 'issue 04a, "Numbers"',
  },
  'users/shared': {
    behavior:
      'Of gateways on one PostgreSQL a login at one is good at the others at once, and one that ends is over there within a second.',
    source: 'issue 04a, "Keys" and "Users"; design §9',
  },
  'users/idle': {
    behavior:
      'A session ends after `auth.login.idle` without use at any gateway, and after `auth.login.life` however much it is used.',
    source: 'OWASP ASVS 5.0, 7.3.1, 7.3.2',
  },
} as const satisfies ClaimsOf<'users'>
