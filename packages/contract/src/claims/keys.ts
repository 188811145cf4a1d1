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
} as const satisfies ClaimsOf<'keys'>
