import type { ClaimsOf } from './claim.ts'

const TASK = 'Design, "Who is calling"'

/** What an attacker tries on a running gateway, a class each. `attack-*.test.ts` holds the tries as data. */
export const ATTACKS = {
  'attacks/tokens': {
    behavior:
      'No token that an attacker can make, change, swap or keep lets anybody in, and none makes the gateway fetch an address that it names.',
    source: 'rules E1, E2; RFC 8725 §3; RFC 9068 §4',
  },
  'attacks/timing': {
    behavior:
      'Over 2,000 tries the time of a refusal tells neither a near miss of a key nor the name of a user from nothing at all.',
    source: `${TASK}; OWASP ASVS 5.0, 6.3.8`,
  },
  'attacks/paths': {
    behavior:
      'However the address of a protected page is written, and with whatever method, nobody gets there without a credential, on either listener.',
    source: 'rule A4; RFC 3986 §6; RFC 9112 §3.2',
  },
  'attacks/framing': {
    behavior:
      'Requests whose length, names or characters can be read in two ways are refused, and nothing hidden behind one is ever carried out.',
    source: 'rules B6, A9; RFC 9112 §6.3, §11.2; RFC 9110 §5.3',
  },
  'attacks/headers': {
    behavior:
      'Headers of an untrusted peer change neither who is calling, nor from where, nor for which host.',
    source: 'rules A2, B7, E4; RFC 7239 §8.1',
  },
  'attacks/pages': {
    behavior:
      'A page of another site, a planted cookie and a session or token that is over change nothing, and log nobody in.',
    source: 'rules H7, D1; OWASP ASVS 5.0, 3.5.1, 7.2.4, 7.4.1',
  },
  'attacks/enumeration': {
    behavior:
      'What a caller may not see is answered as what does not exist: the same status, code and words, on REST and on MCP.',
    source: 'rules C8, D3, I6; Hangar scenario 11',
  },
  'attacks/injection': {
    behavior:
      'No text in a path, query, body, cursor or name of any route is read as SQL, fails the gateway, or shows rows of others, on either store.',
    source: 'Exposure rules: SQL injection into every search and filter; OWASP ASVS 5.0, 1.2.4',
  },
  'attacks/escalation': {
    behavior:
      'Nobody reaches a route that its roles do not allow, nor gives itself or others more than it has, nor touches what another tenant has.',
    source: `${TASK}; rules E9, E10`,
  },
  'attacks/ssrf': {
    behavior:
      'A server added while the gateway runs cannot make it connect to a private address, however that is written, resolved or redirected to.',
    source: 'rules G1, G3, G4, G5; MCP, Security Best Practices, "Server-Side Request Forgery"',
  },
  'attacks/commands': {
    behavior: 'A program that the file does not allow is started through no door of the admin API.',
    source: 'rules H5, H7; MCP, Security Best Practices, "Local MCP Server Compromise"',
  },
  'attacks/revocation': {
    behavior:
      'A key that is revoked, suspended or expired stops at the very next call, on sessions and open streams, and within a second in other processes.',
    source: `${TASK}; rules D1, E9`,
  },
} as const satisfies ClaimsOf<'attacks'>
