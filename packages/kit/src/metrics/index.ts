export { Metrics, NO_SERVER, type CallResult, type MetricsOptions } from './metrics.ts'
export { SERVER_STATES, type RuntimeReading, type ServerReading } from './runtime-gauges.ts'
