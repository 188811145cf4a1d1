export { Metrics, NO_SERVER, type CallResult, type MetricsOptions } from './metrics.ts'
export { SERVER_STATES, type RuntimeReading, type ServerReading } from './runtime-gauges.ts'
export {
  SLACK_REQUEST_OUTCOMES,
  type SlackApiCounters,
  type SlackRequestOutcome,
} from './slack-api-counters.ts'
export {
  EVENT_OUTCOMES,
  type EventOutcome,
  INSTALL_OUTCOMES,
  type InstallationReading,
  type InstallOutcome,
  REFRESH_OUTCOMES,
  type RefreshOutcome,
  type SlackCounters,
} from './slack-counters.ts'
export {
  KEYED_OUTCOMES,
  type KeyedOutcome,
  QUOTA_KINDS,
  type QuotaKind,
  RELOAD_OUTCOMES,
  type ReloadOutcome,
  type StayUpCounters,
} from './stay-up-counters.ts'
export {
  BREAKER_STATES,
  type BreakerReading,
  type ConfigReading,
  type GroupReading,
  type ServerHealthReading,
  type StayUpReading,
} from './stay-up-gauges.ts'
