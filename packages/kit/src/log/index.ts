export { silentLog, type Log, type LogFields } from './log.ts'
export {
  createLog,
  LOG_LEVELS,
  parseLogLevel,
  parseLogOptions,
  type LogDestination,
  type LogLevel,
  type LogOptions,
} from './create-log.ts'
export { hasControls, printable, printableLines } from './printable.ts'
export { redactText } from './redact.ts'
export { AccessLog, type AccessDestination, type AccessEntry } from './access-log.ts'
