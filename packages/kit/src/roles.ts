/**
 * Everything that a caller may be allowed to do. A closed list: routes of the admin API and methods of MCP
 * name one of these each.
 */
export const PERMISSIONS = [
  'mcp.list',
  'mcp.read',
  'mcp.call',
  'status.read',
  'servers.read',
  'servers.operate',
  'servers.write',
  'config.read',
  'config.write',
  'keys.read',
  'keys.write',
  'roles.read',
  'roles.write',
  'tenants.read',
  'tenants.write',
  'users.read',
  'users.write',
  'sessions.read',
  'sessions.write',
  'approvals.read',
  'approvals.decide',
  'audit.read',
  'usage.read',
  'events.read',
  'secrets.rotate',
  'subjects.erase',
  'checklist.read',
  'checklist.write',
] as const

export type Permission = (typeof PERMISSIONS)[number]

/** What callers of a role may do. */
export interface Role {
  /** For people. */
  readonly description: string
  readonly permissions: ReadonlySet<Permission>
}

const LOOK = ['mcp.list', 'status.read', 'servers.read', 'usage.read', 'events.read'] as const

/** The roles that are always there; an operator adds others, and cannot change these. */
export const BUILT_IN_ROLES = {
  viewer: role('Sees servers, lists and figures; calls nothing, changes nothing.', LOOK),
  caller: role('Lists, reads and calls what servers offer.', ['mcp.list', 'mcp.read', 'mcp.call']),
  operator: role('Runs it: starts, stops, blocks and drains servers, reloads, ends sessions.', [
    ...LOOK,
    ...(['servers.operate', 'config.read', 'config.write', 'sessions.read'] as const),
    'sessions.write',
    'checklist.read',
  ]),
  approver: role('Decides what waits for a person.', [
    ...LOOK,
    ...(['approvals.read', 'approvals.decide'] as const),
  ]),
  auditor: role('Reads the audit log and who may do what; changes nothing.', [
    ...LOOK,
    ...(['audit.read', 'keys.read', 'roles.read', 'tenants.read', 'users.read'] as const),
    ...(['sessions.read', 'config.read', 'approvals.read', 'checklist.read'] as const),
  ]),
  admin: role('Everything.', PERMISSIONS),
} as const satisfies Readonly<Record<string, Role>>

export type BuiltInRole = keyof typeof BUILT_IN_ROLES

/** Whether a text names a permission. */
export function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text) // widened to be asked
}

function role(description: string, permissions: readonly Permission[]): Role {
  return { description, permissions: new Set(permissions) }
}
