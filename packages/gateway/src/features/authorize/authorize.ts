import { AppError } from '@sallyport/kit/errors'
import type { Role } from '@sallyport/kit/principal'
import type { Interceptor } from '../../call/call.ts'

/** Which roles may use a method. A method that is missing here is refused. */
const ALLOWED: Readonly<Record<string, readonly Role[]>> = {
  'tools/list': ['caller', 'admin'],
  'tools/call': ['caller', 'admin'],
  'resources/list': ['caller', 'admin'],
  'resources/templates/list': ['caller', 'admin'],
  'resources/read': ['caller', 'admin'],
  'resources/subscribe': ['caller', 'admin'],
  'resources/unsubscribe': ['caller', 'admin'],
  'subscriptions/listen': ['caller', 'admin'],
  'prompts/list': ['caller', 'admin'],
  'prompts/get': ['caller', 'admin'],
  'completion/complete': ['caller', 'admin'],
  'logging/setLevel': ['caller', 'admin'],
  'tasks/get': ['caller', 'admin'],
  'tasks/update': ['caller', 'admin'],
  'tasks/cancel': ['caller', 'admin'],
  'tasks/result': ['caller', 'admin'],
}
/** A method of an extension, under the address of the one server that may know it. */
const EXTENSION: readonly Role[] = ['caller', 'admin']

/**
 * Lets a call pass when the caller's role may use its method. Fails closed.
 *
 * @throws {AppError} `forbidden`
 */
export function authorizeCalls(): Interceptor {
  return (next) => (call) => {
    const { caller, message } = call.exchange
    const known = Object.hasOwn(ALLOWED, message.method) ? ALLOWED[message.method] : undefined
    const roles = call.target?.kind === 'other' ? EXTENSION : known
    if (roles?.includes(caller.principal.role)) return next(call)
    const text = `the role ${caller.principal.role} may not use ${message.method}`
    return Promise.reject(new AppError('forbidden', text, { outcome: 'not_sent' }))
  }
}
