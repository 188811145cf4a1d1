export { callSocket, type SocketRequest } from './call-socket.ts'
export { exitCodeOf } from './exit-code.ts'
export { openLine, type LineRequest } from './open-line.ts'
export { runUntilSignal } from './run-until-signal.ts'
export {
  forcedExitCode,
  StopSignals,
  type SignalSource,
  type StopSignal,
  type StopSignalsOptions,
} from './signals.ts'
export { prepareSocketFolder, socketPathOf, type SocketPlace } from './socket-path.ts'
