import type { Room } from './room.ts'
import type { ServerConfig } from './server-config.ts'

/** Sessions with one remote server, and of one principal with it; children have bounds of their own. */
const HTTP_SESSIONS_MAX = 1_000
const HTTP_SESSIONS_PER_PRINCIPAL = 100
const CHILDREN_PER_PRINCIPAL = 8

export interface SessionPoolOptions extends Room {
  readonly sharing: Pick<ServerConfig, 'share' | 'roots'>
  readonly idleAfterMs: number
  readonly startMs: number
}

/** What a server's configuration says about its sessions. */
export function poolOptionsOf(config: ServerConfig): SessionPoolOptions {
  const { idleAfterMs, startMs } = config
  const common = { sharing: config, idleAfterMs, startMs }
  if (config.kind === 'http') {
    const sessionsPerGroup = HTTP_SESSIONS_PER_PRINCIPAL
    return { ...common, sessionsMax: HTTP_SESSIONS_MAX, sessionsPerGroup }
  }
  const { children, childrenPerPrincipal = CHILDREN_PER_PRINCIPAL } = config
  return { ...common, sessionsMax: children, sessionsPerGroup: childrenPerPrincipal }
}
