export { adminError, type AdminError } from './error.ts'
export { checkInput, type InputCheck, type InputFault } from './input.ts'
export { instant, listOf, listQuery, type ListQuery } from './list.ts'
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
export {
  breakerState,
  checkReport,
  logLine,
  logList,
  logQuery,
  serverDone,
  serverItem,
  serverList,
  serverState,
  type CheckReport,
  type LogLine,
  type LogList,
  type ServerDone,
  type ServerItem,
  type ServerList,
} from './servers.ts'
export {
  drainCreate,
  drainQuery,
  mark,
  markChanged,
  markCreate,
  markReason,
  type DrainCreate,
  type Mark,
  type MarkChanged,
  type MarkCreate,
} from './marks.ts'
export { groupItem, groupList, groupMemberItem, type GroupItem, type GroupList } from './groups.ts'
export { usageItem, usageList, type UsageItem, type UsageList } from './usage.ts'
export {
  configCause,
  configDiff,
  configDifference,
  configProblem,
  configStatus,
  generationItem,
  generationList,
  generationText,
  reloadReport,
  rollbackCreate,
  type ConfigDiffResult,
  type ConfigStatus,
  type GenerationItem,
  type GenerationList,
  type GenerationText,
  type ReloadResult,
} from './configuration.ts'
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
export { type JsonObject, openApi, openApiDocument } from './openapi.ts'
export { type Need, type RouteSpec, type RouteTable } from './route.ts'
export {
  authRoutes,
  gatewayRoutes,
  keyRoutes,
  type RouteId,
  ROUTES,
  serverRoutes,
  userRoutes,
} from './routes/index.ts'
export {
  userBootstrap,
  userChange,
  userCreate,
  userItem,
  userList,
  userMade,
  userName,
  userReset,
  type UserBootstrap,
  type UserBootstrapInput,
  type UserChangeInput,
  type UserCreate,
  type UserCreateInput,
  type UserItem,
  type UserList,
  type UserMade,
  type UserReset,
  type UserResetInput,
} from './users.ts'
export {
  callerSelf,
  loginCreate,
  loginItem,
  loginList,
  loginMade,
  passwordChange,
  type CallerSelf,
  type LoginCreate,
  type LoginItem,
  type LoginList,
  type LoginMade,
  type PasswordChange,
} from './logins.ts'
