import type { ClaimsOf } from './claim.ts'

/** What a caller does not see is not there for it; tenants are apart. */
export const TENANCY = {
  'tenancy/sight/lists': {
    behavior:
      'Lists, reads, calls and completions of a caller whose sight is restricted hold what each of its rules lets through, and nothing else.',
    source: 'Hangar scenario 11; design §2, `authorize`',
  },
  'tenancy/sight/agrees': {
    behavior: 'Whatever a sight is, what the lists show is exactly what can be called.',
    source: 'Hangar scenario 11',
  },
  'tenancy/sight/missing': {
    behavior:
      'What a sight leaves out is answered byte for byte as a name that does not exist, also at the address of a hidden server.',
    source: 'Design §2, "Errors on the wire"',
  },
  'tenancy/sight/tools': {
    behavior:
      'Whoever is given tools sees their `ui://` resources, and other resources or prompts only where a selection of those lets them through.',
    source: 'Design, "Who is calling"; MCP Apps extension, "Resource Discovery"',
  },
  'tenancy/sight/read-only': {
    behavior:
      'A read-only sight has the tools that the operator pinned read-only, or that a server with `trustAnnotations` hints to be; of a group those that are so at every member.',
    source: 'MCP 2025-11-25, Tools, "Tool annotations" (hints are not to be trusted)',
  },
  'tenancy/sight/extensions': {
    behavior:
      'Methods of extensions do not exist for callers who see a part of a server, nor do its instructions.',
    source: 'Fail closed: nobody selected what the gateway does not know',
  },
  'tenancy/sight/groups': {
    behavior:
      'A sight that names a group shows the group and not its members, and one that names a member shows the member and not its group.',
    source: 'Design §1, "group"',
  },
  'tenancy/sight/news': {
    behavior:
      'Callers are told of a changed list only when something changed that they see, also after a reload.',
    source: 'Facts, rule C4',
  },
  'tenancy/sight/live': {
    behavior:
      'Another sight counts for the next call of a live session and for its open streams, which are told that lists changed; resources that left the sight are not told of again.',
    source: 'Facts, rules D1 and E9',
  },
  'tenancy/sight/bounded': {
    behavior:
      'Views of restricted callers are shared by all with equal rules, and at most `limits.restrictedViews` are kept.',
    source: 'Style §3.9: every map has a bound',
  },
  'tenancy/required': {
    behavior:
      'With `auth.requireTenant: true` a caller of the network without a tenant is refused every MCP request with `tenant_required`.',
    source: 'Hangar 2.8, `require_tenant`',
  },
  'tenancy/limits/apart': {
    behavior:
      'Rate, concurrency and daily quota of `limits.perTenant` hold for the principals of a tenant together, through groups too, and what one tenant uses takes nothing from another.',
    source: 'Hangar scenario 6',
  },
  'tenancy/limits/fair': {
    behavior:
      'Places at a server go round between tenants, and within a tenant between its principals: a tenant with many keys waits no shorter than one with a single key.',
    source: 'Hangar scenario 6; design §6',
  },
  'tenancy/shared/nothing': {
    behavior:
      'Upstream sessions, kept results, outcomes of idempotency keys, list pages, tasks and links of one tenant are never used for another, unless the operator says `share: all` of a server.',
    source: 'Facts, rules C5, C8 and D6',
  },
  'tenancy/audit': {
    behavior:
      'Audit rows carry the tenant of the caller, refusals included, and can be searched by it.',
    source: 'Design §4, "Audit"',
  },
  'tenancy/metrics': {
    behavior:
      'Metrics name tenants only with `metrics.perTenant: true`, and at most 100 of them; further ones count as `other`.',
    source: 'Design §8; style §3.10: labels from closed sets',
  },
  'tenancy/usage': {
    behavior: 'Usage is told of each tenant as well, with what is left of its day.',
    source: 'Design, "Limits an agent understands"',
  },
} as const satisfies ClaimsOf<'tenancy'>
