import type { RouteTable } from '../route.ts'
import { authRoutes } from './auth.ts'
import { checklistRoutes } from './checklist.ts'
import { entryRoutes } from './entries.ts'
import { eventRoutes } from './events.ts'
import { gatewayRoutes } from './gateway.ts'
import { keyRoutes } from './keys.ts'
import { openApiRoutes } from './openapi.ts'
import { secretRoutes } from './secrets.ts'
import { sessionRoutes } from './sessions.ts'
import { roleRoutes } from './roles.ts'
import { serverRoutes } from './servers.ts'
import { tenantRoutes } from './tenants.ts'
import { userRoutes } from './users.ts'

export { checklistRoutes } from './checklist.ts'
export { entryRoutes } from './entries.ts'
export { eventRoutes } from './events.ts'
export { gatewayRoutes } from './gateway.ts'
export { keyRoutes } from './keys.ts'
export { openApiRoutes } from './openapi.ts'
export { secretRoutes } from './secrets.ts'
export { sessionRoutes } from './sessions.ts'
export { roleRoutes } from './roles.ts'
export { serverRoutes } from './servers.ts'
export { tenantRoutes } from './tenants.ts'
export { authRoutes } from './auth.ts'
export { userRoutes } from './users.ts'

/**
 * Every route of the admin listener and who may use it. A route that is not here is refused, so that a new one
 * is never open by accident.
 */
export const ROUTES = {
  ...gatewayRoutes,
  ...openApiRoutes,
  ...entryRoutes,
  ...keyRoutes,
  ...roleRoutes,
  ...tenantRoutes,
  ...serverRoutes,
  ...userRoutes,
  ...authRoutes,
  ...sessionRoutes,
  ...eventRoutes,
  ...secretRoutes,
  ...checklistRoutes,
} as const satisfies RouteTable

export type RouteId = keyof typeof ROUTES
