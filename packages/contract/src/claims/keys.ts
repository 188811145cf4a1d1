import type { ClaimsOf } from './claim.ts'

/** Who may call, and what each may do: keys, tokens, roles and tenants. */
export const KEYS = {
  'keys/roles/unknown': {
    behavior: 'A role or permission that is not known gives nothing, whatever it is called.',
    source: 'issue "Who is calling"; design §7',
  },
  'keys/roles/file-wins': {
    behavior:
      'A role or tenant of the file counts before one of the same name in the store, and a built-in role before both.',
    source: 'design §3',
  },
  'keys/roles/live': {
    behavior:
      'A changed role counts from the next call of those who have it, in their open sessions too.',
    source: 'issue "Who is calling"',
  },
  'keys/tenants/unknown': {
    behavior: 'Callers of a tenant that is unknown or was removed may do and see nothing.',
    source: 'issue "Who is calling"; MCP Hangar 2.8, fail-closed tenants',
  },
  'keys/tenants/sight': {
    behavior: 'A caller sees what both its tenant and its own credential let it see.',
    source: 'issue "Who is calling"; MCP Hangar scenario 11',
  },
  'keys/create/refused': {
    behavior:
      'No key is made with a role, tenant, server name or address range that is not there or is none.',
    source: 'issue "Who is calling"; design §7',
  },
  'keys/scope': {
    behavior:
      'A key made for servers, tools, reading only or a role sees and calls that and nothing else; what it may not see is answered as what is not there.',
    source: 'issue "Who is calling"; MCP Hangar scenario 11',
  },
  'keys/allow-from': {
    behavior:
      'A key or token with `allowFrom` is 403 from any other address, which does not count as a bad credential.',
    source: 'seed items, 04 a, X',
  },
  'keys/gift': {
    behavior:
      'Nobody makes, changes or rotates a key or role that allows or sees more than it does itself.',
    source: 'issue "Who is calling"',
  },
  'keys/tenant-admin': {
    behavior:
      'An administrator of a tenant makes, finds and revokes keys of that tenant only; others are as if they were not there.',
    source: 'issue "Who is calling"',
  },
  'keys/rotate': {
    behavior:
      'A rotated key keeps its id and sessions; its old secret is good until the overlap ends, or ends at once with none.',
    source: 'issue "Who is calling"',
  },
  'keys/change': {
    behavior:
      'A changed key counts from its next call on, in its open session; a change on top of one that was not read is refused.',
    source: 'issue "Who is calling"; RFC 9110 §13.1.1',
  },
  'keys/elsewhere': {
    behavior:
      'What another process changes about keys and roles in the store counts here within a second.',
    source: 'issue "Who is calling"',
  },
  'keys/roles/read-only': {
    behavior: 'Roles that are built in or stand in the file are not changed over the API.',
    source: 'design §3',
  },
  'keys/require-tenant': {
    behavior:
      'With `auth.requireTenant` a caller of no tenant is refused MCP, whatever its role; the admin API answers it.',
    source: 'issue "Who is calling"',
  },
  'keys/tokens/two': {
    behavior:
      'A static token may have two values; taking one away ends what listens for it, and no session or call of who has the other.',
    source: 'issue "Who is calling"',
  },
  'keys/certificates': {
    behavior:
      'A client certificate’s subject counts from a trusted proxy alone, once, and verified where that is asked for; from anybody else the header is refused.',
    source: 'seed items, 04 a, X',
  },
  'keys/scenario-10': {
    behavior:
      'No key, a wrong, expired, revoked or turned one, an unsigned token, one for somebody else or of an unknown issuer are 401 on REST, MCP and metrics alike; a viewer is refused what it may not; an address that fails too often is held.',
    source: 'MCP Hangar scenario 10',
  },
  'keys/commands': {
    behavior: 'Every command and request of the page about keys works as it is written.',
    source: 'design §8',
  },
  'keys/numbers': {
    behavior:
      'A key is checked in at most 3 us; 10,000 keys load in under 1 s, list in under 50 ms a page, and are not read again while nothing changed.',
    source: 'issue "Who is calling", Numbers',
  },
} as const satisfies ClaimsOf<'keys'>
