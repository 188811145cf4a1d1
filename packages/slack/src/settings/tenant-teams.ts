import { isTeamId } from './tokens.ts'
import { partsOf } from './fields.ts'
import type { Fault } from './variable-reader.ts'

const TENANTS_MAX = 10_000
const TENANT = /^[a-z0-9][a-z0-9-]{0,31}$/
const REMEDY = 'write it like `acme=T0123ABCD+T0456EFGH,other=T0789IJKL`'

/** Reads `acme=T1+T2,other=T3`. @param refuse told everything that is wrong */
export function parseTenantTeams(
  text: string | undefined,
  refuse: (fault: Fault) => void,
): ReadonlyMap<string, readonly string[]> {
  const parts = partsOf(text ?? '')
  if (parts.length > TENANTS_MAX) {
    refuse({ message: `has more than ${TENANTS_MAX} tenants`, remedy: 'shorten it' })
  }
  const tenants = new Map<string, readonly string[]>()
  for (const [index, part] of parts.entries()) {
    const [tenant = '', teams = '', ...more] = part.split('=')
    const ids = [...new Set(teams.split('+'))]
    const message = `entry ${index + 1} is not a tenant with team ids behind \`=\``
    if (more.length > 0 || !TENANT.test(tenant) || !ids.every(isTeamId)) {
      refuse({ message, remedy: REMEDY })
    } else if (tenants.has(tenant)) {
      refuse({ message: `has the tenant \`${tenant}\` twice`, remedy: 'put its teams together' })
    } else tenants.set(tenant, ids)
  }
  return tenants
}
