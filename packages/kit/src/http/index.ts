export {
  formatAddress,
  isLoopback,
  type ListenAddress,
  normaliseAddress,
  parseListenAddress,
} from './address.ts'
export type { Place, SocketPath } from './bind.ts'
export { sendContinue } from './expect-continue.ts'
export {
  answerHealth,
  type HealthKind,
  healthKindOf,
  type HealthVerdict,
  isHealthy,
  type ProcessHealth,
} from './health.ts'
export {
  adoptSocket,
  type InheritedNumbers,
  inheritedNumbers,
  type InheritedSocket,
} from './inherited.ts'
export {
  Listener,
  type ListenerLimits,
  type ListenerOptions,
  LISTENER_REFUSALS,
  type ListenerRefusal,
  openListener,
} from './listener.ts'
export { isLocalhostName, isPublicAddress } from './public-address.ts'
export { type BodyBudget, readBody } from './read-body.ts'
export { createRequestId } from './request-id.ts'
export { pathOf } from './target-path.ts'
export { sendError, type SendErrorOptions, toErrorBody } from './send-error.ts'
