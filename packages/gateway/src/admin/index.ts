export { type AdminApp, type AdminDeps, createAdminApp } from './admin-app.ts'
export { toAuditItem } from './audit-routes.ts'
export { type EntranceRules, LOCAL_ADMIN, toAdminErrorBody } from './entrance.ts'
export {
  answerHealth,
  type HealthFacts,
  type HealthKind,
  healthKindOf,
  type HealthVerdict,
  judgeHealth,
} from './health.ts'
export { makeKey, toKeyItem } from './key-routes.ts'
export { type SightDeps, toServerItem } from './sight-routes.ts'
