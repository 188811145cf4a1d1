import { MCP_EXTENSION_NEED, MCP_NEEDS } from '@sallyport/contract/mcp-needs'
import { AppError } from '@sallyport/kit/errors'
import type { Permission } from '@sallyport/kit/roles'
import type { Call, Interceptor } from '../../call/call.ts'
import type { FeatureDeps } from '../feature.ts'

const NEEDS: ReadonlyMap<string, Permission> = new Map(Object.entries(MCP_NEEDS))

/**
 * Lets a call pass when the caller may use its method. Fails closed.
 *
 * @throws {AppError} `forbidden`; `insufficient_scope` when another token of the caller's provider may do
 */
export function authorizeCalls({ stepUp }: Pick<FeatureDeps, 'stepUp'>): Interceptor {
  return (next) => (call) => {
    const { caller, message } = call.exchange
    const isExtension = call.target?.kind === 'other'
    const need = isExtension ? MCP_EXTENSION_NEED : NEEDS.get(message.method)
    if (need !== undefined && caller.principal.permissions.has(need)) return next(call)
    return Promise.reject(refusal(call, need, stepUp))
  }
}

function refusal(
  { exchange: { caller, message, scope } }: Call,
  need: Permission | undefined,
  stepUp: FeatureDeps['stepUp'],
): AppError {
  const { principal } = caller
  const challenge = need && stepUp(principal, need, scope)
  if (challenge !== undefined) {
    const text = `the token lacks a scope that ${message.method} needs`
    return new AppError('insufficient_scope', text, { outcome: 'not_sent', details: { challenge } })
  }
  const roles = principal.roles.join(', ')
  const text =
    roles === ''
      ? `without a role nobody may use ${message.method}`
      : `the role ${roles} may not use ${message.method}`
  return new AppError('forbidden', text, { outcome: 'not_sent' })
}
