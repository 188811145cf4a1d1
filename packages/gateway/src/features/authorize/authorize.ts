import { AppError } from '@sallyport/kit/errors'
import type { Role } from '@sallyport/kit/principal'
import type { Interceptor } from '../../call/call.ts'

/** Which roles may use a method. A method that is missing here is refused. */
const ALLOWED: Readonly<Record<string, readonly Role[]>> = {
  'tools/list': ['caller', 'admin'],
  'tools/call': ['caller', 'admin'],
}

/**
 * Lets a call pass when the caller's role may use its method. Fails closed.
 *
 * @throws {AppError} `forbidden`
 */
export function authorizeCalls(): Interceptor {
  return (next) => (call) => {
    const { caller, message } = call.exchange
    const roles = Object.hasOwn(ALLOWED, message.method) ? ALLOWED[message.method] : undefined
    if (roles?.includes(caller.principal.role)) return next(call)
    const text = `the role ${caller.principal.role} may not use ${message.method}`
    return Promise.reject(new AppError('forbidden', text, { outcome: 'not_sent' }))
  }
}
