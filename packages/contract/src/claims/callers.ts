import type { ClaimsOf } from './claim.ts'

const SOURCE = 'design §5, "identity: assert"; RFC 7515, RFC 8037'

/** What a gateway tells servers about who calls. */
export const CALLERS = {
  'callers/signed': {
    behavior:
      'A server with `identity: assert` is told in every request who calls: principal, tenant, roles and request id, signed, in the header `Sallyport-Caller`.',
    source: SOURCE,
  },
  'callers/once': {
    behavior: 'What is said about a caller is believed once: a header that comes again is refused.',
    source: SOURCE,
  },
  'callers/minute': {
    behavior: 'What is said about a caller is believed for a minute.',
    source: SOURCE,
  },
  'callers/forged': {
    behavior:
      'What somebody else signed, or what is meant for another server, is refused in the same words as any other.',
    source: SOURCE,
  },
  'callers/missing': {
    behavior: 'A request of the gateway that does not say who calls is refused.',
    source: SOURCE,
  },
  'callers/key': {
    behavior:
      'The key that callers are vouched for with is readable at `/.well-known/sallyport-callers.json`, without a credential.',
    source: SOURCE,
  },
} as const satisfies ClaimsOf<'callers'>
