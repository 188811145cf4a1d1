import type { RouteTable } from '../route.ts'
import { secretsRotated } from '../secrets.ts'

/** Everything that is sealed and kept is read and written. */
const ROTATE_DEADLINE_MS = 10 * 60_000

export const secretRoutes = {
  'secrets.rotate': {
    ...{ method: 'POST', path: '/api/v1/secrets/rotate', need: 'secrets.rotate' },
    ...{ tenants: 'none', deadlineMs: ROTATE_DEADLINE_MS },
    summary: 'Rotates the key that data are sealed with, and the master key where it is in a file',
    answer: secretsRotated,
  },
} as const satisfies RouteTable
