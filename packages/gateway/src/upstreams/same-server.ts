import { Secret } from '@sallyport/kit/secret'
import type { ServerConfig } from './server-config.ts'

/**
 * Whether a server goes on as it is under another configuration: what is run or reached, as whom, and who
 * shares it must be equal, secrets by their values. All else is taken over while it runs.
 */
export function isSameServer(one: ServerConfig, other: ServerConfig): boolean {
  return isEqual(identityOf(one), identityOf(other))
}

/** What a running session was made of. */
function identityOf(config: ServerConfig): Readonly<Record<string, unknown>> {
  const { kind, name, share, roots = 'none' } = config
  const common = { kind, name, share, roots }
  if (config.kind === 'stdio') {
    const { command, args, env, cwd, caps } = config
    return { ...common, command, args, env, cwd, caps }
  }
  const { url, headers, hostHeader, transport = 'auto', tls, proxy } = config
  // The connections of a session are bounded and timed when it is opened.
  const { inFlight, connectMs, readMs } = config
  return { ...common, url, headers, hostHeader, transport, tls, proxy, inFlight, connectMs, readMs }
}

/** Deep equality of plain data and secrets; a member that is undefined is as none. */
function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (one instanceof Secret || other instanceof Secret) {
    return one instanceof Secret && other instanceof Secret && one.reveal() === other.reveal()
  }
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
    return one.every((element, index) => isEqual(element, other[index]))
  }
  if (!isMap(one) || !isMap(other)) return false
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...keys].every((key) => isEqual(one[key], other[key]))
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
