export { parseCidr, parseListen, type ListenAddress } from './address.ts'
export { addressRanges, sightRule, sightShape } from './sight.ts'
export { permissionList } from './identity.ts'
export { plainName, type StaticToken } from './tokens.ts'
export type { AllowedCommand, ApiConfig, ServerRestrictions } from './api.ts'
export type { AnnotationPins, EndpointConfig, NameLength, Selection } from './endpoints.ts'
export {
  CONFIG_KEYS,
  gatewayConfig,
  type GatewayConfig,
  type GatewayConfigInput,
} from './gateway.ts'
export type { BreakerConfig } from './breaker.ts'
export type { CapsConfig } from './caps.ts'
export { checklist, type ChecklistSettings } from './checklist.ts'
export {
  STRATEGIES,
  type CanaryConfig,
  type GroupConfig,
  type GroupMember,
  type Strategy,
} from './groups.ts'
export type { HealthConfig, ProbeCall } from './health.ts'
export { configJsonSchema, rawConfigJsonSchema, type JsonSchema } from './json-schema.ts'
export {
  TOKEN_ALGORITHMS,
  TOKEN_TYPES,
  type IssuerConfig,
  type TokenAlgorithm,
  type TokenType,
} from './issuers.ts'
export type { LimitsConfig } from './limits.ts'
export type { LoginConfig } from './login.ts'
export { judgeName } from './name.ts'
export type { ToolPin } from './pin.ts'
export { isPem, type RemoteConfig, type RemoteTransport, type TlsConfig } from './remote.ts'
export type { RootsConfig } from './roots.ts'
export {
  OWN_HEADERS,
  server,
  type HttpServerConfig,
  type ServerBase,
  type ServerConfig,
  type ServerEntry,
  type StdioServerConfig,
} from './server.ts'
export type { SlackConfig } from './slack.ts'
export {
  CALLBACK_PATH,
  isSlack,
  judgePublic,
  judgeRedirect,
  judgeSlackUrl,
  parseOrigin,
  parseWebUrl,
  publicUrlOf,
} from './slack-urls.ts'
export { isMasterKey } from './store.ts'
export type { CallQuotas, Quota, Quotas } from './quota.ts'
export { parsedText, refuse, textShape, type IssueSink } from './text.ts'
export type { TracingConfig } from './tracing.ts'
export { parseDuration, parseRate, parseSize } from './units.ts'
