import type { Row } from './row.ts'

/** No gateway: the client speaks to the server itself. */
export const direct: Row = {
  id: 'direct',
  upstreams: ['http', 'stdio'],
  eras: ['modern', 'legacy'],
  start(_fleet, upstream) {
    const target =
      upstream.kind === 'http' ? { ...upstream, headers: {}, sharedSession: false } : upstream
    return Promise.resolve({ target, prefix: '' })
  },
}
