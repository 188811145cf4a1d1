import { failed, notApplicable, type Probe, proved, type Seen } from '../../answers/answer.ts'
import { givenVariables } from '../../looks/given-variables.ts'
import { isReference, weakness } from '../../looks/credential-shapes.ts'
import { instancesFact } from '../../looks/instances.ts'
import { variablesGap } from './look-gap.ts'

const BYTES_MIN = 32

/** One token for the gateway and its instances, too long to guess. */
export const gatewayToken: Probe = {
  kind: 'probe',
  title: 'MCP_GATEWAY_AUTH_TOKEN is 32 random bytes or more, and every instance takes it',
  remedy:
    'set MCP_GATEWAY_AUTH_TOKEN, and MCP_AUTH_TOKEN of every instance, to `openssl rand -hex 32`',
  look: async (deployment, signal) => {
    const { instances, variable } = await instancesFact(deployment, signal)
    const given = await givenVariables(deployment, signal)
    const tokens = given.filter(
      ({ name, value }) => name === 'MCP_GATEWAY_AUTH_TOKEN' && value !== '' && !isReference(value),
    )
    const isUsed = variable !== undefined || tokens.length > 0 || deployment.file === 'environment'
    const gap = await variablesGap(deployment, signal)
    if (!isUsed) {
      const reason =
        'this gateway is not configured by INSTANCES, and asks its callers for keys of their own'
      return gap ?? notApplicable(reason)
    }
    const [token] = tokens
    if (token === undefined) {
      const text = 'MCP_GATEWAY_AUTH_TOKEN is set nowhere'
      return gap ?? failed([{ kind: 'environment', text }])
    }
    const faults = tokens.flatMap(({ name, value, at }): Seen[] => {
      const fault = tokenFault(value)
      return fault === undefined ? [] : [{ kind: 'environment', text: `${name} (${at}) ${fault}` }]
    })
    const values = new Set(tokens.map(({ value }) => value))
    if (values.size > 1) {
      const places = tokens.map(({ at }) => at).join(' and ')
      const text = `MCP_GATEWAY_AUTH_TOKEN has different values (${places})`
      faults.push({ kind: 'environment', text })
    }
    for (const { variables } of instances) {
      const own = variables.get('MCP_AUTH_TOKEN')
      if (own === undefined || own.value === '' || isReference(own.value)) continue
      const text = `MCP_AUTH_TOKEN (${own.at}) is not the MCP_GATEWAY_AUTH_TOKEN (${token.at})`
      if (!values.has(own.value)) faults.push({ kind: 'environment', text })
    }
    if (faults.length > 0) return failed(faults)
    if (gap !== undefined) return gap
    const matching = instances.filter(({ variables }) => variables.get('MCP_AUTH_TOKEN')?.value)
    const text = `MCP_GATEWAY_AUTH_TOKEN (${token.at}) holds ${bytesOf(token.value)} bytes, and ${matching.length} instances take it`
    return proved({ kind: 'environment', text })
  },
}

function tokenFault(value: string): string | undefined {
  const bytes = bytesOf(value)
  if (bytes < BYTES_MIN) return `holds ${bytes} random bytes at most, fewer than ${BYTES_MIN}`
  return weakness({ kind: 'own', purpose: 'instance token', value })
}

/** The most random bytes that a text of these characters can stand for. */
function bytesOf(value: string): number {
  if (/^[0-9a-f]+$/i.test(value)) return Math.floor(value.length / 2)
  if (/^[A-Za-z0-9+/_-]+=*$/.test(value))
    return Math.floor((value.replace(/=+$/, '').length * 6) / 8)
  return Buffer.byteLength(value)
}
