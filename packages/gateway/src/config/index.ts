export { findConfig, type ConfigSearch, type ConfigSource } from './find-config.ts'
export { findState, type StatePlace } from './find-state.ts'
export {
  loadGatewayConfig,
  validateConfig,
  type GatewayConfigLoad,
  type GatewayConfigRequest,
  type LoadedGatewayConfig,
  type MergedConfig,
  type RunnableConfig,
} from './load-gateway-config.ts'
export { judgeAuthentication } from './rules.ts'
export { starterConfig } from './starter.ts'
export { withCommands } from './with-commands.ts'
export { type ConfigEntry, ENTRY_KEYS, type LeftOut } from './merge-entries.ts'
export { slackVariables } from './slack-variables.ts'
export { stateFolder } from './state-folder.ts'
