import { type Need, type RouteId, ROUTES, type RouteSpec } from '@sallyport/contract/admin'
import type { Principal } from '@sallyport/kit/principal'

const SPECS: ReadonlyMap<string, RouteSpec> = new Map(
  Object.values(ROUTES).map((spec) => [`${spec.method} ${spec.path}`, spec]),
)

const IDS: ReadonlyMap<RouteSpec, RouteId> = new Map(
  Object.entries(ROUTES).map(([id, spec]) => [spec, id as RouteId]), // keys of the table
)

const OPEN: readonly RouteSpec[] = [...SPECS.values()].filter(({ need }) => need === 'open')

/** What is known of a route as registered; undefined for one that is not in the table. `HEAD` is `GET`. */
export function specOf(method: string, route: string): RouteSpec | undefined {
  return SPECS.get(`${method === 'HEAD' ? 'GET' : method} ${route}`)
}

/** The id of a route of the table. */
export function idOf(spec: RouteSpec): RouteId | '' {
  return IDS.get(spec) ?? ''
}

/**
 * Whether that caller may use the route; false for a route that is not known. Whoever belongs to a tenant may
 * not use what concerns everybody.
 */
export function isPermitted(
  spec: Pick<RouteSpec, 'need' | 'tenants'> | undefined,
  principal: Principal | undefined,
): boolean {
  if (spec === undefined) return false
  if (principal === undefined) return spec.need === 'open'
  if (spec.tenants === 'none' && principal.tenant !== null) return false
  return meets(spec.need, principal)
}

function meets(need: Need, { permissions }: Principal): boolean {
  return need === 'open' || need === 'credential' || permissions.has(need)
}

/** Whether the address takes that method from whoever has no credential, as a login does. */
export function isOpenRoute(method: string, path: string): boolean {
  return OPEN.some((spec) => spec.method === method && matches(spec.path, path))
}

/** The methods that the address takes, for `Allow`; empty where there is nothing. */
export function methodsAt(path: string): readonly string[] {
  return [...SPECS.values()].flatMap(({ method, path: route }) =>
    matches(route, path) ? [method] : [],
  )
}

function matches(route: string, path: string): boolean {
  const wanted = route.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => (part.startsWith(':') ? given[at] !== '' : part === given[at]))
  )
}
