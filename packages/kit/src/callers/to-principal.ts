import { CALLER, type Principal } from '../principal.ts'
import type { AssertedCaller } from './caller-claims.ts'

/**
 * The principal that a server behind a gateway serves. Its id, `caller:<id at the gateway>`, is no id of a
 * credential of the server's own. What it may do of MCP was judged at the gateway.
 */
export function toPrincipal({ principal, name, tenant, roles }: AssertedCaller): Principal {
  return { ...CALLER, id: `caller:${principal}`, kind: 'subject', name, tenant, roles }
}
