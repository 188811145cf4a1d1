import { isSameValue } from '../same-value.ts'
import type { ServerConfig } from './server-config.ts'

/**
 * Whether a server goes on as it is under another configuration: what is run or reached, as whom, and who
 * shares it must be equal, secrets by their values. All else is taken over while it runs.
 */
export function isSameServer(one: ServerConfig, other: ServerConfig): boolean {
  return isSameValue(identityOf(one), identityOf(other))
}

/** What a running session was made of. */
function identityOf(config: ServerConfig): Readonly<Record<string, unknown>> {
  const { kind, name, share, roots = 'none', restrictions } = config
  const common = { kind, name, share, roots }
  if (config.kind === 'stdio') {
    const { command, args, env, cwd, caps } = config
    return { ...common, command, args, env, cwd, caps }
  }
  const { url, headers, hostHeader, transport = 'auto', tls, proxy, identity } = config
  // The connections of a session are bounded and timed when it is opened.
  const { inFlight, connectMs, readMs } = config
  // Connections that are open were judged by these.
  const addresses = restrictions?.addresses
  const reached = { url, headers, hostHeader, transport, tls, proxy, addresses, identity }
  return { ...common, ...reached, inFlight, connectMs, readMs }
}
