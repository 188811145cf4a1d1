export {
  ABSENT,
  LATEST_LEGACY,
  LATEST_MODERN,
  LEGACY_VERSIONS,
  MODERN_VERSIONS,
} from './message.ts'
export type { Era, Message, Range } from './message.ts'
export { listElements, listMembers, scanBatch, scanMessage, scanReply } from './scan.ts'
export type { Member, ScanLimits } from './scan.ts'
export type { ScanFault } from './json-walker.ts'
export {
  errorMessage,
  idOf,
  notificationMessage,
  onOneLine,
  resultMessage,
  slice,
  splice,
} from './splice.ts'
export type { Edit } from './splice.ts'
export { decodeHeaderValue, encodeHeaderValue } from './header-value.ts'
