import type { GatewayConfig, ServerConfig } from '@sallyport/contract/config'
import type { Deployment } from '../../deployment.ts'
import type { Missing } from '../stage.ts'
import type { Asked, Ended } from './mcp-caller.ts'

/** A harmless call that a drill makes. */
export interface ChosenCall {
  readonly tool: string
  readonly asked: Asked
}

/** What to look at of a deployment to choose a call. */
export type Callable = Pick<Deployment, 'settings'> & { readonly config: GatewayConfig }

/**
 * The harmless call to a server or group: what `checklist.drills.calls` names, else that of its `health` or of that
 * of a member. Undefined where nobody said which call is harmless.
 */
export function callOf({ settings, config }: Callable, name: string): ChosenCall | undefined {
  const members = config.groups[name]?.members.map(({ server }) => server) ?? []
  const own = [name, ...members].map((one) => settings.drills.calls[one])
  const probes = [name, ...members].map((one) => config.servers[one]?.health.call)
  const found = own[0] ?? [...own, ...probes].find((one) => one !== undefined)
  if (found === undefined) return undefined
  const params = { name: found.tool, arguments: found.arguments }
  return { tool: found.tool, asked: { method: 'tools/call', params } }
}

/** Whether a call that was cut off may be made again, because the tool only reads or says that it may. */
export function mayRepeat(servers: readonly ServerConfig[], tool: string): boolean {
  return servers.every(({ tools, trustAnnotations }) => {
    const pin = tools[tool]
    return trustAnnotations || pin?.readOnly === true || pin?.idempotent === true
  })
}

/** Servers that a copy runs: the Slack server is none of them. */
export function serversOf({ servers }: GatewayConfig): ServerConfig[] {
  return Object.values(servers).filter(
    (server) => server.kind === 'stdio' || server.child === undefined,
  )
}

/** How to say that a call fails before anything was done. */
export function failingCall(name: string, { tool }: ChosenCall, { code, message }: Ended): Missing {
  return {
    text: `the call of ${tool} to ${name} does not succeed in the copy, with ${code}: ${message}`,
    remedy: `name one that does in \`checklist.drills.calls.${name}\``,
  }
}

const MISSING = 'no harmless call is known of'

/** Whether a step of a drill says that servers were not tried. */
export function isUntried(step: string): boolean {
  return step.startsWith(MISSING)
}

/** How to say which call is missing. */
export function missingCall(names: readonly string[]): Missing {
  const shown = names.slice(0, 5).join(', ')
  return {
    text: `${MISSING} ${shown}`,
    remedy: `name one in \`checklist.drills.calls.${names[0] ?? ''}\`, or as its \`health.call\``,
  }
}
