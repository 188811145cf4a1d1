import type { ClaimsOf } from './claim.ts'

/** What the admin API promises to whoever uses it. */
export const ADMIN_API = {
  'admin-api/table': {
    behavior:
      'Every route of the admin API is in one table with the permission that it needs; a route that is not in it is refused to everybody.',
    source: 'facts/spec §6; design §2',
  },
  'admin-api/tricks': {
    behavior:
      'No header, query, method, case or spelling of an address reaches a route by another permission than its own.',
    source: 'seed K, checklist 117; OWASP API Security Top 10, API5:2023',
  },
  'admin-api/tenants': {
    behavior:
      'A caller who belongs to a tenant is refused what concerns everybody, and finds only what is its own elsewhere.',
    source: 'Hangar scenario 10',
  },
  'admin-api/paging/stable': {
    behavior:
      'Pages of a list repeat nothing and leave nothing out that was there all along, whatever is added or removed meanwhile.',
    source: 'design §8',
  },
  'admin-api/paging/cursor': {
    behavior: 'A cursor that the API did not give is refused as an invalid request.',
    source: 'design §2',
  },
  'admin-api/paging/fast': {
    behavior: '200 servers are listed in under 50 ms.',
    source: 'part 04a, numbers',
  },
  'admin-api/openapi': {
    behavior:
      'The API describes itself as OpenAPI 3.1, made of the table that serves it: every route, with schemas that its answers fit.',
    source: 'design §2; OpenAPI 3.1.1',
  },
  'admin-api/audit/filters': {
    behavior:
      'Whatever a filter of the audit search holds, it is a value and never a piece of a query.',
    source: 'seed K, checklist 117',
  },
  'admin-api/examples': {
    behavior: 'Every route has an example in docs/api/ that does what the page says.',
    source: 'part 04a, done when',
  },
} as const satisfies ClaimsOf<'admin-api'>
