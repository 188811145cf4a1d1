import type { Principal } from '@sallyport/kit/principal'

/** Who may use a route. `open`: anybody. `key`: any valid credential. `admin`: the role admin. */
export type Need = 'open' | 'key' | 'admin'

/**
 * Every route of the admin app and who may use it. A route that is not here is refused, so that a new one is
 * never open by accident.
 */
export const PERMISSIONS: Readonly<Record<string, Need>> = {
  'GET /health': 'open',
  'GET /health/live': 'open',
  'GET /health/ready': 'open',
  'GET /health/startup': 'open',
  'GET /metrics': 'key',
  'GET /api/v1/keys': 'admin',
  'POST /api/v1/keys': 'admin',
  'DELETE /api/v1/keys/:idOrName': 'admin',
  'GET /api/v1/servers': 'admin',
  'GET /api/v1/servers/:name': 'admin',
  'GET /api/v1/servers/:name/logs': 'admin',
  'POST /api/v1/servers/:name/start': 'admin',
  'POST /api/v1/servers/:name/stop': 'admin',
  'POST /api/v1/servers/:name/restart': 'admin',
  'POST /api/v1/servers/:name/warm': 'admin',
  'POST /api/v1/servers/:name/check': 'admin',
  'POST /api/v1/servers/:name/block': 'admin',
  'POST /api/v1/servers/:name/unblock': 'admin',
  'POST /api/v1/servers/:name/drain': 'admin',
  'POST /api/v1/servers/:name/undrain': 'admin',
  'GET /api/v1/groups': 'admin',
  'GET /api/v1/usage': 'admin',
  'POST /api/v1/drain': 'admin',
  'DELETE /api/v1/drain': 'admin',
  'GET /api/v1/config': 'admin',
  'GET /api/v1/config/diff': 'admin',
  'GET /api/v1/config/history': 'admin',
  'GET /api/v1/config/history/:id': 'admin',
  'POST /api/v1/config/reload': 'admin',
  'POST /api/v1/config/rollback': 'admin',
  'GET /api/v1/audit': 'admin',
  'POST /api/v1/audit/verify': 'admin',
  'GET /api/v1/status': 'admin',
}

/** The need of a route as registered, undefined for one that is not in the table. `HEAD` is `GET`. */
export function needOf(method: string, route: string): Need | undefined {
  const name = `${method === 'HEAD' ? 'GET' : method} ${route}`
  return Object.hasOwn(PERMISSIONS, name) ? PERMISSIONS[name] : undefined
}

/** Whether that caller meets the need; false for a need that is not known. */
export function isPermitted(need: Need | undefined, principal: Principal | undefined): boolean {
  switch (need) {
    case 'open':
      return true
    case 'key':
      return principal !== undefined
    case 'admin':
      return principal?.role === 'admin'
    case undefined:
      return false
  }
}

/** The methods that the address takes, for `Allow`; empty where there is nothing. */
export function methodsAt(path: string): readonly string[] {
  return Object.keys(PERMISSIONS).flatMap((name) => {
    const [method = '', route = ''] = name.split(' ')
    return matches(route, path) ? [method] : []
  })
}

function matches(route: string, path: string): boolean {
  const wanted = route.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => (part.startsWith(':') ? given[at] !== '' : part === given[at]))
  )
}
