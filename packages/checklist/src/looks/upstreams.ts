import { networkInterfaces } from 'node:os'
import { isLocalhostName, isLoopback } from '@sallyport/kit/http'
import type { Deployment } from '../deployment.ts'
import { composeFacts } from './compose.ts'
import { composeRoles, type ServiceRole } from './compose-roles.ts'
import type { Exposure } from './exposure.ts'
import { ask, isAnswer } from './exact-request.ts'
import type { ProxyUpstream } from './proxies.ts'

/** Tells gateways of one store from others: whoever reads it sees the same key. */
const MARK_PATH = '/.well-known/sallyport-callers.json'
/** Names by which a container reaches its host. */
const HOSTS_NAMES = new Set(['host.docker.internal', 'host.containers.internal'])

/** What is said of one line of a file. `gap`: it could not be seen. */
export interface Verdict {
  readonly kind: 'fault' | 'gap' | 'good'
  readonly text: string
}

/** Judges upstreams by what really listens there. */
export async function upstreamJudge(
  deployment: Deployment,
  exposure: Exposure,
  signal: AbortSignal,
): Promise<(upstream: ProxyUpstream) => Promise<Verdict>> {
  const { services } = await composeFacts(deployment, signal)
  const roles = await composeRoles(deployment, signal)
  const byName = new Map(services.map((service) => [service.name, roles.get(service) ?? 'other']))
  const { gateway } = deployment
  const own = gateway && (await ask(`${gateway.dataUrl}${MARK_PATH}`, {}, signal))
  const mark = own !== undefined && isAnswer(own) && own.status === 200 ? own.text : undefined
  const judge = new UpstreamJudge({ deployment, exposure, roles: byName, mark, signal })
  return (upstream) => judge.judge(upstream)
}

interface JudgeDeps {
  readonly deployment: Deployment
  readonly exposure: Exposure
  /** Of the services of compose, by name. */
  readonly roles: ReadonlyMap<string, ServiceRole>
  /** What the gateway that runs answers at `MARK_PATH`. */
  readonly mark: string | undefined
  readonly signal: AbortSignal
}

class UpstreamJudge {
  readonly #deps: JudgeDeps

  constructor(deps: JudgeDeps) {
    this.#deps = deps
  }

  async judge(upstream: ProxyUpstream): Promise<Verdict> {
    const { scheme, host, port, isBackup, at } = upstream
    const words = `${at} passes on to ${isBackup ? 'the backup ' : ''}${scheme}://${host}${port === undefined ? '' : `:${port}`}`
    if (scheme === 'unix' || port === undefined) {
      return { kind: 'gap', text: `${words}, which cannot be followed` }
    }
    if (scheme !== 'http' && scheme !== 'https') {
      return { kind: 'fault', text: `${words}, but the gateway speaks HTTP` }
    }
    const role = this.#deps.roles.get(host)
    const found =
      role === undefined ? await this.#byAddress(upstream, port) : this.#byRole(role, scheme, port)
    return { kind: found.kind, text: `${words}, ${found.text}` }
  }

  /** In a network of compose names lead to services, and ports are those inside. */
  #byRole(role: ServiceRole, scheme: string, port: number): Verdict {
    if (role !== 'gateway') return { kind: 'fault', text: `which is no gateway but a ${role}` }
    const { config } = this.#deps.deployment
    if (scheme === 'https') return TLS_TO_PLAIN
    if (port === config?.admin.port) return ADMIN
    if (port === config?.listen.port) return DATA
    return {
      kind: 'fault',
      text: `but the gateway takes MCP on port ${config?.listen.port ?? 'of `listen`'}`,
    }
  }

  async #byAddress({ scheme, host }: ProxyUpstream, port: number): Promise<Verdict> {
    const isHere = isThisMachine(host)
    const bound = this.#deps.exposure.listeners.find((one) => isHere && one.port === port)
    if (bound !== undefined && scheme === 'https') return TLS_TO_PLAIN
    if (bound?.key === 'admin') return ADMIN
    if (bound?.key === 'listen') return DATA
    const { mark, signal } = this.#deps
    if (mark === undefined) {
      return { kind: 'gap', text: 'and no gateway runs here that it could be compared with' }
    }
    const place = isHere ? '127.0.0.1' : host
    const reply = await ask(`${scheme}://${place}:${port}${MARK_PATH}`, {}, signal)
    if (isAnswer(reply)) {
      if (reply.text === mark) return DATA
      return {
        kind: 'fault',
        text: `which answers ${reply.status} and is no data listener of this gateway`,
      }
    }
    const isUnknown = reply.unreached.includes('resolved')
    return { kind: isUnknown ? 'gap' : 'fault', text: `but ${reply.unreached}` }
  }
}

const DATA: Verdict = { kind: 'good', text: 'a data listener of the gateway' }
const ADMIN: Verdict = { kind: 'fault', text: 'which is the admin listener and takes no MCP' }
const TLS_TO_PLAIN: Verdict = { kind: 'fault', text: 'but the gateway speaks plain HTTP there' }

function isThisMachine(host: string): boolean {
  if (isLoopback(host) || isLocalhostName(host) || HOSTS_NAMES.has(host)) return true
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? [])
  return all.some(({ address }) => address === host)
}
