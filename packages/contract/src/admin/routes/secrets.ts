import type { RouteTable } from '../route.ts'
import { secretsRotated, subjectErase, subjectErased } from '../secrets.ts'

/** Everything that is sealed and kept is read and written. */
const ROTATE_DEADLINE_MS = 10 * 60_000
/** Every subject of an identity provider may have to be opened. */
const ERASE_DEADLINE_MS = 60_000

export const secretRoutes = {
  'secrets.rotate': {
    ...{ method: 'POST', path: '/api/v1/secrets/rotate', need: 'secrets.rotate' },
    ...{ tenants: 'none', deadlineMs: ROTATE_DEADLINE_MS },
    summary: 'Rotates the key that data are sealed with, and the master key where it is in a file',
    answer: secretsRotated,
  },
  'subjects.erase': {
    ...{ method: 'POST', path: '/api/v1/subjects/erase', need: 'subjects.erase' },
    ...{ tenants: 'none', deadlineMs: ERASE_DEADLINE_MS },
    summary: 'Removes what is kept of a person, or says what would go; the audit log stays whole',
    body: subjectErase,
    answer: subjectErased,
  },
} as const satisfies RouteTable
