export { adminError, type AdminError } from './error.ts'
export { checkInput, type InputCheck, type InputFault } from './input.ts'
export { instant, listOf } from './list.ts'
export {
  keyCreate,
  keyCreated,
  keyItem,
  keyList,
  keyName,
  keyRole,
  type KeyCreate,
  type KeyCreated,
  type KeyCreateInput,
  type KeyItem,
  type KeyList,
} from './keys.ts'
export { serverItem, serverList, serverState, type ServerItem, type ServerList } from './servers.ts'
export {
  auditItem,
  auditList,
  auditOutcome,
  auditQuery,
  verifyReport,
  type AuditItem,
  type AuditList,
  type AuditQueryInput,
  type VerifyReport,
} from './audit.ts'
export {
  gatewayStatus,
  healthBrief,
  healthDetail,
  type GatewayStatus,
  type HealthBrief,
  type HealthDetail,
} from './status.ts'
