import { holderOf } from '@sallyport/kit/principal'
import type { ServerConfig } from './server-config.ts'
import type { Asker } from './upstream.ts'

type Sharing = Pick<ServerConfig, 'share' | 'roots'>

/**
 * Whose session an asker uses: everybody's, a tenant's, a principal's as a member of its tenant, or with `roots: client` that of one
 * client session. Whoever has no tenant is alone, and so is a principal whose client has no session.
 */
export function sessionKey({ share, roots }: Sharing, { principal, session }: Asker): string {
  if (share === 'all') return '*'
  // No id of a principal holds a NUL, so that none of these is another's.
  if (share === 'tenant' && principal.tenant !== null) return `\0tenant\0${principal.tenant}`
  const own = holderOf(principal)
  return roots === 'client' && session !== undefined ? `${own}\0${session.id}` : own
}

/** Whom a session counts for where each may have some only: its key, but that of the principal where it has several. */
export function sessionGroup(sharing: Sharing, asker: Asker): string {
  const several = sharing.share === 'none' && sharing.roots === 'client'
  return several ? holderOf(asker.principal) : sessionKey(sharing, asker)
}
