import type { ClaimsOf } from './claim.ts'

/** Access tokens of identity providers: the gateway as a resource server. */
export const TOKENS = {
  'tokens/refused': {
    behavior:
      'A token that is forged, unsigned, signed under another algorithm or by another issuer’s key, expired, not yet valid, too long-lived, ambiguous, oversized or of another kind is 401, in the same words as any other.',
    source:
      'rule E2; RFC 8725 §3; RFC 9068 §4; RFC 7515 §4.1.11; MCP 2026-07-28, "Authorization", "Token Handling"',
  },
  'tokens/audience': {
    behavior:
      'A token is good for this gateway only, and one for a single address at that address only; `auth.issuers.<name>.audience` replaces what it must be for.',
    source: 'rule E1; RFC 8707 §2; RFC 9068 §4; MCP 2026-07-28, "Access Token Usage"',
  },
  'tokens/header-only': {
    behavior: 'A token in the query of an address is as good as none.',
    source: 'rule E4; RFC 6750 §2.3; MCP 2026-07-28, "Access Token Usage"',
  },
  'tokens/keys': {
    behavior:
      'Keys of an issuer are read when needed, by one reading at a time and at most one per cooldown, without redirects and within bounds of size and time; a rotated key counts at once, and one taken back no more once keys are read again.',
    source: 'rule E2; RFC 8414 §3.3; RFC 8725 §3.10',
  },
  'tokens/remembered': {
    behavior:
      'A verified token is remembered by its SHA-256 until it ends, for five minutes at most, and not beyond a change of keys or configuration; when the last token of a caller ends, so do its sessions and streams.',
    source: 'rules E8, E9, D5; design, "Who is calling"',
  },
  'tokens/issuer-down': {
    behavior:
      'While the keys of an issuer cannot be read, known tokens pass; others get 503 with Retry-After and are not held to be bad later.',
    source: 'design, "Who is calling"',
  },
  'tokens/claims': {
    behavior:
      'Scopes and claims give the roles that the configuration maps them to and nothing else; a token without the tenant it must name is refused.',
    source: 'rule E3; RFC 9068 §2.2.3',
  },
  'tokens/metadata': {
    behavior:
      'Metadata of the protected resource stands at the root and with the path inserted, for every well-formed address alike, and nowhere while no issuer is configured.',
    source: 'rule E5; RFC 9728 §2, §3; MCP 2026-07-28, "Protected Resource Metadata"',
  },
  'tokens/scopes-minimal': {
    behavior:
      'Metadata and challenges name the scopes of the configuration that give roles here, a challenge only those that the request needs, and never `offline_access`.',
    source: 'rule E6; MCP 2026-07-28, "Scope Selection Strategy"',
  },
  'tokens/challenge': {
    behavior:
      'A 401 names the metadata and the scope to begin with; `invalid_token` only when a token came.',
    source: 'rule E2; RFC 6750 §3; RFC 9728 §5.1',
  },
  'tokens/step-up': {
    behavior:
      'A call that another scope would allow is 403 `insufficient_scope` with every scope that it needs; where the role of a scope covers it no other is asked for.',
    source: 'rule E3; RFC 6750 §3.1; MCP 2026-07-28, "Scope Challenge Handling"',
  },
  'tokens/not-passed-on': {
    behavior: 'No token of a client reaches a server.',
    source: 'rules E7, B7; MCP 2026-07-28, "Access Token Privilege Restriction"',
  },
  'tokens/not-kept': {
    behavior:
      'Tokens and the names of their subjects appear in no log, audit row, metric or table in the clear.',
    source: 'rule E8',
  },
  'tokens/each-request': {
    behavior:
      'A session is no authentication: each of its requests needs a good token of the caller that opened it, and others get 404.',
    source: 'rules D1, D3, E9; MCP 2025-11-25, "Session Hijacking"',
  },
  'tokens/subjects': {
    behavior:
      'Ids of subjects are digests that only this store can compute; who stands behind one is kept sealed, and can be erased.',
    source: 'rule E8; design, "Who is calling"',
  },
  'tokens/provider': {
    behavior:
      'An official client finds a real provider through the metadata, gets a token for this gateway and calls a tool, also while the provider rotates its keys.',
    source: 'rules E1, E5; RFC 8707; RFC 9728',
  },
  'tokens/config': {
    behavior:
      'Issuers without a `publicUrl` beyond loopback, over plain http, with algorithms of shared secrets or two of one `issuer` are refused before anything opens.',
    source: 'RFC 8725 §3.1; RFC 9728 §7; design §7',
  },
} as const satisfies ClaimsOf<'tokens'>
