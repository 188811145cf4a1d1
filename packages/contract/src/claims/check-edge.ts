import type { ClaimsOf } from './claim.ts'

/** What the checklist proves of the gateway from outside. */
export const CHECK_EDGE = {
  'check/tls/public': {
    behavior:
      'The public address is proved to be https with a valid chain for its name, trusting `checklist.ca` as well; plain HTTP, another name, an expired certificate and an unknown authority fail.',
    source: 'seeds: H security; S 22, 30, 60, 100; K 31-32; D 35; exposure 16, 31',
  },
  'check/tls/expiry': {
    behavior:
      'A certificate is proved while 21 days are left, or a quarter of a life that is shorter; under 7 days, or a twelfth, it fails, and in between nobody knows that it is renewed.',
    source: 'seeds: S 30; K 32, 129',
  },
  'check/tls/versions': {
    behavior:
      'TLS 1.2 and newer alone is proved, live and by the files of the proxy; TLS 1.0 or 1.1 fails.',
    source: 'seeds: S 100; RFC 8996',
  },
  'check/tls/redirect': {
    behavior:
      'Plain HTTP that is sent on with 301 or 308 is proved; another answer fails, and silence is unproved.',
    source: 'seeds: S 61, 101',
  },
  'check/tls/no-plain': {
    behavior:
      'That the gateway answers nobody else in the clear is proved; a proxy that passes plain HTTP on, an open listener and a public address without TLS fail.',
    source: 'seeds: S 101; D 35; exposure 31',
  },
  'check/proxy/in-front': {
    behavior:
      'That the public address leads to this very gateway is proved by what only it can answer; somebody else, and an empty `trustedProxies`, fail.',
    source: 'seeds: H deployment; S 62; K 33, 45',
  },
  'check/proxy/config': {
    behavior:
      'Files of nginx and Caddy are proved by reading them: syntax, includes, certificates and keys that are there and mounted, and upstreams that are data listeners of this gateway; a backup that speaks another protocol fails with its line.',
    source: 'seeds: S 59-60, mistakes 8 and 9',
  },
  'check/proxy/buffering': {
    behavior:
      'Streams that pass at once are proved, by the file and by a first event within a second; buffering fails with its line.',
    source: 'seeds: exposure 19; D 87',
  },
  'check/proxy/timeouts': {
    behavior:
      'A proxy that lets streams be silent for more than a minute is proved by its file; less fails with its line.',
    source: 'seeds: exposure 20; D 87',
  },
  'check/proxy/authorization': {
    behavior:
      'A proxy that passes Authorization on is proved, by the file and by a key that arrives; one that drops or replaces it fails with its line.',
    source: 'seeds: exposure 18; D 85',
  },
  'check/proxy/host': {
    behavior:
      'A proxy that passes Host on is proved by its file; another Host, or a foreign one that the gateway does not see, fails.',
    source: 'seeds: exposure 21',
  },
  'check/proxy/extra-auth': {
    behavior:
      'A further layer in front is proved by its line: addresses, certificates or a password; none is left to a person.',
    source: 'seeds: exposure 22',
  },
  'check/door/unauthenticated': {
    behavior:
      'MCP, at the data listener and the public address, and the admin API are proved to answer 401 with a challenge without a key; anything else fails.',
    source: 'seeds: exposure 5-13, 30; H security; S 32; K 57',
  },
  'check/door/bad-key': {
    behavior:
      'A key that is none is proved to answer 401, with one request a run, so that the address is not held; anything else fails.',
    source: 'seeds: H testing; K 36, 59',
  },
  'check/door/weak-role': {
    behavior:
      'A key of the role `caller` is proved to answer 403 on the admin API; a key that may do everything leaves it unproved.',
    source: 'seeds: H testing',
  },
  'check/door/body-limit': {
    behavior:
      'A body that is declared over the limit is proved to answer 413 before it comes, on both listeners; what waits for it fails.',
    source: 'seeds: exposure 9',
  },
  'check/door/malformed': {
    behavior:
      'Half a message is proved to answer the parse error of JSON-RPC; anything else fails.',
    source: 'seeds: exposure 10; JSON-RPC 2.0 §5.1',
  },
  'check/door/host': {
    behavior: 'A foreign Host is proved to answer 403 on both listeners; anything else fails.',
    source: 'MCP 2026-07-28, Streamable HTTP, "Security Warning"',
  },
  'check/door/origin': {
    behavior: 'A foreign Origin is proved to answer 403 on both listeners; anything else fails.',
    source: 'MCP 2026-07-28, Streamable HTTP, "Security Warning"',
  },
  'check/door/cors': {
    behavior:
      'Pages of `origins` are proved to be named exactly and foreign ones not at all; a wildcard fails.',
    source: 'seeds: K 19, 35, 58, 115; Fetch Standard, "CORS protocol"',
  },
  'check/door/headers': {
    behavior:
      '`nosniff` and silence about versions are proved on every address, and half a year of HSTS on https; what is missing or told fails by name.',
    source: 'seeds: K 34; RFC 6797',
  },
  'check/door/errors': {
    behavior:
      'Refusals without a stack trace and without a path of the machine are proved; one with them fails.',
    source: 'seeds: K 40',
  },
  'check/door/loopback': {
    behavior:
      'Listeners on loopback or a private network are proved, and so are ports that compose publishes there; others fail, as no TLS ends at the gateway.',
    source: 'seeds: exposure 1-4, 11, 15; D 33',
  },
  'check/door/vpn': {
    behavior:
      'Behind a private network a key is proved to be asked for; where only loopback is bound it does not apply.',
    source: 'seeds: exposure 12-13, 32',
  },
  'check/health/endpoints': {
    behavior:
      'Health is proved to say 200 while the gateway takes calls; 503, a status that contradicts the verdict, and health of addresses that do not exist fail.',
    source: 'seeds: H deployment; S 75; K 44',
  },
  'check/health/closed-detail': {
    behavior:
      'Health without a key is proved to say nothing but the verdict, and to name the servers with one; more to anybody fails.',
    source: 'design §2',
  },
  'check/api/login': {
    behavior: 'The login is proved to refuse nobody with 401; anything else fails.',
    source: 'seeds: S 76',
  },
  'check/api/servers': {
    behavior:
      'The list of servers is proved to name all of the configuration, and to be closed without a key; a missing one fails.',
    source: 'seeds: S 77',
  },
  'check/api/documented': {
    behavior:
      'Every path of openapi.json and every documented path of the data listener is proved to be there, without anything being done; one that answers 404 fails.',
    source: 'seeds: S 77-78, 184',
  },
  'check/metrics/served': {
    behavior: 'Metrics in the text format are proved on the admin listener; anything else fails.',
    source: 'seeds: S 79, 126; H observability',
  },
  'check/metrics/protected': {
    behavior: 'Metrics are proved to be closed without a key beyond loopback; open ones fail.',
    source: 'seeds: S 98',
  },
  'check/ports/answer': {
    behavior: 'The data, admin and public address are proved to answer; one that does not fails.',
    source: 'seeds: S 43; K 45, 57',
  },
  'check/ports/declared': {
    behavior:
      'Ports that others reach are proved to be those of `checklist.ports`; one more or one less fails, and none declared is unproved while others reach any.',
    source: 'seeds: S 27, 98',
  },
} as const satisfies ClaimsOf<'check'>
