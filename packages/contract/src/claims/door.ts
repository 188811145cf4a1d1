import type { ClaimsOf } from './claim.ts'

/** Who gets in: judged on the request line and headers alone. */
export const DOOR = {
  'door/order': {
    behavior:
      'Host is judged first, then Origin, then the credential, then the rate, and each refusal is counted.',
    source: 'design §2',
  },
  'door/body/unread': {
    behavior:
      'A request without a valid credential is 401 before a byte of its body has come, and is not told to send it.',
    source: 'design §2; Design, "Door"',
  },
  'door/host/foreign': {
    behavior: 'A request whose Host names no address of this gateway is 403, on every path.',
    source: 'rule A2; MCP 2026-07-28, Streamable HTTP, "Security Warning"',
  },
  'door/host/allowed': {
    behavior:
      'The host of `publicUrl`, the names in `allowedHosts` and, on loopback, loopback names pass as Host.',
    source: 'rule A2; exposure rules; design §3',
  },
  'door/host/ambiguous': {
    behavior: 'A request with no Host or with two is refused.',
    source: 'rule A2; RFC 9112 §3.2',
  },
  'door/origin/foreign': {
    behavior: 'A foreign Origin is 403 on every method, whatever credential comes with it.',
    source: 'rule A1; MCP 2026-07-28, Streamable HTTP, "Security Warning"',
  },
  'door/origin/allowed': {
    behavior: 'A configured Origin passes, and so does a request that has none.',
    source: 'rule A1; design §3',
  },
  'door/cors/preflight': {
    behavior:
      'A preflight from a configured origin is told what it may send, the modern headers included, without a wildcard.',
    source: 'rule A12; exposure rules',
  },
  'door/cors/readable': {
    behavior: 'Answers and refusals are readable by pages of a configured origin.',
    source: 'rule A12; Fetch Standard, "CORS protocol"',
  },
  'door/challenge': {
    behavior:
      'Any method and path without a credential is 401 with a challenge, but for preflights, health, well-known addresses and metrics on loopback.',
    source: 'rule A4; design §2',
  },
  'door/well-known': {
    behavior:
      'Well-known addresses are 404 without a credential while nothing is configured there.',
    source: 'design §2',
  },
  'door/credential/wrong': {
    behavior:
      'A wrong, cut, extended or badly framed credential is 401, and no tool runs and no server is called.',
    source: 'Discord scenario 4; RFC 6750 §2.1',
  },
  'door/credential/query': {
    behavior: 'A credential in the address is not accepted.',
    source: 'RFC 6750 §5.3; MCP 2026-07-28, Authorization, "Access Token Usage"',
  },
  'door/credential/twice': {
    behavior: 'A request that brings its credential twice is 401, even when both are right.',
    source: 'RFC 9110 §5.3',
  },
  'door/credential/accepted': {
    behavior: 'The scheme is accepted in any case, and our keys as X-API-Key too.',
    source: 'RFC 9110 §11.1; Hangar 2.8',
  },
  'door/credential/timing': {
    behavior:
      'A credential that is wrong in its first character is refused in the same time as one that is wrong in its last.',
    source: 'Discord scenario 4; design §7',
  },
  'door/credential/unlogged': {
    behavior: 'No credential, right or wrong, stands in a log or in the store.',
    source: 'Discord scenario 4; design §7',
  },
  'door/key/secret': {
    behavior: 'An API key holds 256 random bits and a checksum, and what is kept of it is a hash.',
    source: 'Design, "Door"; design §7',
  },
  'door/key/mistyped': {
    behavior: 'A key with one character changed, added or missing is refused by its form alone.',
    source: 'Design, "Door"',
  },
  'door/key/expired': {
    behavior: 'A key is not valid from the very moment at which it expires.',
    source: 'Design, "Door"',
  },
  'door/key/revoked': {
    behavior:
      'A key that was revoked is refused, at once or, when another process did it, after the next poll.',
    source: 'Design, "Door"',
  },
  'door/key/revoked-ends': {
    behavior:
      'Revoking a key ends the sessions, streams and running calls of its principal, and of no other.',
    source: 'design §2, "Identity is part of the key of every session"',
  },
  'door/lockout': {
    behavior:
      'After too many bad credentials an address gets 429 with a time to retry; a valid credential still passes, a missing one does not count.',
    source: 'design §6',
  },
  'door/anonymous': {
    behavior:
      'Anonymous callers get in on loopback alone, and never when the request was forwarded.',
    source: 'rule A4; design §3',
  },
  'door/proxy/trusted': {
    behavior: 'Forwarded addresses, hosts and protocols are believed from `trustedProxies` alone.',
    source: 'exposure rules; design §3',
  },
  'door/loopback-by-default': {
    behavior: 'Without configuration both listeners are on 127.0.0.1.',
    source: 'rule A3; design §2',
  },
  'door/smuggling': {
    behavior: 'A request with two lengths, or with a length and chunks, is refused.',
    source: 'RFC 9112 §6.3',
  },
  'door/malformed': {
    behavior: 'A request that is not HTTP is answered 400, and its connection closed.',
    source: 'RFC 9112 §2.2',
  },
  'door/request-id': {
    behavior: 'Every request gets an id of the gateway’s own, whatever id the caller sends.',
    source: 'design §2, "Errors on the wire"',
  },
} as const satisfies ClaimsOf<'door'>
