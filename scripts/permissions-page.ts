import { MCP_EXTENSION_NEED, MCP_NEEDS } from '@sallyport/contract/mcp-needs'
import type { Need, RouteTable } from '@sallyport/contract/admin'
import { PERMISSIONS, type Role } from '@sallyport/kit/roles'

const GENERATED = '<!-- Written by `npm run generate`. Do not edit. -->'

/** The page docs/permissions.md: what each role may do, and what each route and method asks for. */
export function permissionsPage(roles: Readonly<Record<string, Role>>, routes: RouteTable): string {
  return `${GENERATED}

# Permissions

Every caller has roles, every role has permissions, and every route of the admin API and method of MCP asks for
one of them. What is not in these tables is refused to everybody. <!-- claim: admin-api/table --> Whoever has several
roles may do what any of them allows. A role of your own takes any of these permissions; the built-in ones
cannot be changed.

## Roles

| Role | What it is for |
|---|---|
${Object.entries(roles)
  .map(([name, { description }]) => `| \`${name}\` | ${description} |`)
  .join('\n')}

| Permission | ${Object.keys(roles).join(' | ')} |
|---|${'---|'.repeat(Object.keys(roles).length)}
${PERMISSIONS.map((permission) => roleRow(permission, roles)).join('\n')}

## The admin API

*Tenants* says what callers who belong to a tenant get: **own** = the same route with what is their tenant's,
**none** = a refusal, as the route concerns everybody. <!-- claim: admin-api/tenants --> What each route takes and gives is in
[\`schema/openapi.json\`](../schema/openapi.json), with examples in [\`api/\`](api/README.md).

| Route | Permission | Tenants | What it does |
|---|---|---|---|
${Object.values(routes)
  .map(
    ({ method, path, need, tenants, summary }) =>
      `| \`${method} ${path}\` | ${needWords(need)} | ${tenants} | ${summary} |`,
  )
  .join('\n')}

## MCP

| Method | Permission |
|---|---|
${Object.entries(MCP_NEEDS)
  .map(([method, need]) => `| \`${method}\` | \`${need}\` |`)
  .join('\n')}
| a method of an extension, under the address of its server | \`${MCP_EXTENSION_NEED}\` |

\`ping\`, \`initialize\`, \`server/discover\` and notifications take any valid credential.
`
}

function roleRow(permission: (typeof PERMISSIONS)[number], roles: Readonly<Record<string, Role>>) {
  const marks = Object.values(roles).map(({ permissions }) =>
    permissions.has(permission) ? '✓' : '',
  )
  return `| \`${permission}\` | ${marks.join(' | ')} |`
}

function needWords(need: Need): string {
  switch (need) {
    case 'open':
      return 'none'
    case 'credential':
      return 'any credential'
    default:
      return `\`${need}\``
  }
}
