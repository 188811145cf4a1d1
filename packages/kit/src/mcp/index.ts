export {
  ABSENT,
  LATEST_LEGACY,
  LATEST_MODERN,
  LEGACY_VERSIONS,
  MODERN_VERSIONS,
} from './message.ts'
export type { Era, Message, Range } from './message.ts'
export {
  listElements,
  listMembers,
  metaMembers,
  scanBatch,
  scanMessage,
  scanReply,
} from './scan.ts'
export type { ScanLimits } from './scan.ts'
export type { Member } from './message.ts'
export type { ScanFault } from './json-walker.ts'
export {
  errorMessage,
  idOf,
  insertEdit,
  notificationMessage,
  onOneLine,
  resultMessage,
  slice,
  splice,
  splicePieces,
} from './splice.ts'
export type { Edit } from './splice.ts'
export { decodeHeaderValue, encodeHeaderValue } from './header-value.ts'
export {
  META_CAPABILITIES,
  META_CLIENT_INFO,
  META_LOG_LEVEL,
  META_SERVER_INFO,
  META_SUBSCRIPTION,
  META_VERSION,
  RPC,
} from './envelope.ts'
export { McpEdge } from './edge.ts'
export { EdgeCore } from './core.ts'
export type { EdgeDeps, EdgeLimits } from './edge-deps.ts'
export { readClient } from './client-abilities.ts'
export type { ListKind } from './subscription.ts'
export type { Arrival, Line, Send } from './line.ts'
export { StdioEdge } from './stdio-edge.ts'
export type { LinePeer } from './stdio-connection.ts'
export { LineSplitter } from './line-splitter.ts'
export { LOG_LEVELS } from './exchange.ts'
export { isAtLeast, toLogLevel } from './log-level.ts'
export type {
  Answer,
  ApplicationFace,
  Caller,
  ClientAbilities,
  ClientQuestion,
  ClientSession,
  Exchange,
  ListenFilter,
  LogLevel,
  Subscriber,
  McpApplication,
  Place,
  Reservation,
} from './exchange.ts'
export {
  findMember,
  memberTexts,
  objectText,
  paramText,
  parseText,
  rangeText,
} from './json-text.ts'
export { wholeAnswer } from './reply.ts'
export { encodeFailure, META_ERROR, outcomeOfFailure } from './failure.ts'
export { META_IDEMPOTENCY_KEY, readIdempotencyKey } from './idempotency-key.ts'
export { LegacySessions } from './sessions.ts'
export { labelOf, type SessionFacts } from './session-facts.ts'
export type { ClientName } from './client-name.ts'
export type { LegacySession } from './session.ts'
export type { SessionLimits, SessionSealer } from './sessions.ts'
