export { type AdminApp, type AdminDeps, createAdminApp } from './admin-app.ts'
export { toAuditItem } from './audit-routes.ts'
export { type EntranceRules, LOCAL_ADMIN, toAdminErrorBody } from './entrance.ts'
export {
  answerHealth,
  type GroupHealth,
  type HealthFacts,
  type HealthKind,
  healthKindOf,
  type HealthVerdict,
  judgeHealth,
} from './health.ts'
export { toKeyItem } from './key-routes.ts'
export { toMarkItem } from './mark-item.ts'
export { toRoleItem } from './role-routes.ts'
export { toTenantItem } from './tenant-routes.ts'
export type { SightDeps } from './sight-routes.ts'
export { type IdentityServices, openStoreServices } from '../identity/services.ts'
export { toSecretsRotated, toSubjectErased } from './secret-routes.ts'
export { Erasure } from '../secrets/erasure.ts'
export { KeyControl } from '../secrets/key-control.ts'
export { unknownServer } from '../unknown-server.ts'
export { UserService } from '../users/user-service.ts'
export { toUserItem, toUserMade } from './user-routes.ts'
