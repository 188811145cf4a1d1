import { MCP_EXTENSION_NEED, MCP_NEEDS } from '@sallyport/contract/mcp-needs'
import { AppError } from '@sallyport/kit/errors'
import type { Permission } from '@sallyport/kit/roles'
import type { Interceptor } from '../../call/call.ts'

const NEEDS: ReadonlyMap<string, Permission> = new Map(Object.entries(MCP_NEEDS))

/**
 * Lets a call pass when the caller may use its method. Fails closed.
 *
 * @throws {AppError} `forbidden`
 */
export function authorizeCalls(): Interceptor {
  return (next) => (call) => {
    const { caller, message } = call.exchange
    const isExtension = call.target?.kind === 'other'
    const need = isExtension ? MCP_EXTENSION_NEED : NEEDS.get(message.method)
    if (need !== undefined && caller.principal.permissions.has(need)) return next(call)
    const roles = caller.principal.roles.join(', ')
    const text = `the role ${roles} may not use ${message.method}`
    return Promise.reject(new AppError('forbidden', text, { outcome: 'not_sent' }))
  }
}
