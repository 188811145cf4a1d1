import {
  failed,
  type Finding,
  notApplicable,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { composeFacts } from '../../looks/compose.ts'
import { type Instance, type Instances, instancesFact } from '../../looks/instances.ts'
import { isLoopbackHost } from '../../looks/network.ts'
import { isReference } from '../../looks/credential-shapes.ts'
import { variablesGap } from './look-gap.ts'

const NONE =
  'this deployment has no instances: nothing is given DISCORD_TOKEN, MCP_BIND_ADDR or DB_SCHEMA'

type Judge = (facts: Instances, deployment: Deployment, signal: AbortSignal) => Promise<Finding>

/** Judges the instances, where there are any and all of them could be seen. */
function instanceProbe(probe: Omit<Probe, 'kind' | 'look'>, judge: Judge): Probe {
  return {
    kind: 'probe',
    ...probe,
    look: async (deployment, signal) => {
      const facts = await instancesFact(deployment, signal)
      const found = facts.instances.length > 0 ? await judge(facts, deployment, signal) : undefined
      if (found?.state === 'failed') return found
      const gap = (await variablesGap(deployment, signal)) ?? (await composeGap(deployment, signal))
      if (gap !== undefined) return gap
      if (found !== undefined) return found
      if (facts.variable === undefined) return notApplicable(NONE)
      const text = `${facts.by} lists instances, and none of them is in \`checklist.folders\``
      return unproved('file', text, 'name their folders in `checklist.folders`')
    },
  }
}

async function composeGap(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const { gaps } = await composeFacts(deployment, signal)
  const [gap] = gaps
  return gap && unproved('file', `${gap.at}: ${gap.text}`)
}

/** The gateway can reach every instance. */
export const instancesListed = instanceProbe(
  {
    title: 'The gateway lists every instance, and no other',
    remedy: 'list each of them in INSTANCES: `name=http://service:9090`',
  },
  async ({ instances, listed, by, variable }) => {
    if (listed === undefined) return unproved('config', 'the configuration cannot be read')
    const names = new Set(listed.flatMap(({ name, url }) => [name, ...(url ? [url.hostname] : [])]))
    const local = new Set(
      listed.flatMap(({ url }) => (url && isLoopbackAddress(url.hostname) ? [url.port] : [])),
    )
    const missing = instances.filter(
      ({ name, services, ports }) =>
        ![name, ...services].some((one) => names.has(one)) &&
        !ports.some((port) => local.has(port)),
    )
    // One alone, in the very folder of the gateway, has no name to be listed by.
    const faults = missing
      .filter(({ name }) => name !== '.' || listed.length === 0)
      .map((one) => ({ kind: 'file' as const, text: `${by} lacks ${one.name} (${one.where})` }))
    const known = new Set(instances.flatMap(({ name, services }) => [name, ...services]))
    const strange = variable === undefined || known.has('.') ? [] : listed
    for (const { name, url } of strange) {
      if (known.has(name) || known.has(url?.hostname ?? '')) continue
      faults.push({ kind: 'file', text: `${by} lists ${name}, which no folder or service is` })
    }
    if (faults.length > 0) return failed(faults)
    return proved({ kind: 'config', text: `${by} lists ${namesOf(instances)}` })
  },
)

/** Two instances on one token would end each other's connection. */
export const instancesUniqueToken = instanceProbe(
  {
    title: 'Every instance has a DISCORD_TOKEN of its own',
    remedy: 'make a bot user for each instance, and give each its own DISCORD_TOKEN',
  },
  async ({ instances }) => distinct(instances, 'token', (one) => shown(one, 'DISCORD_TOKEN')),
)

/** Two instances on one schema would change each other's data. */
export const instancesUniqueSchema = instanceProbe(
  {
    title: 'Every instance has a DB_SCHEMA of its own',
    remedy: 'set DB_SCHEMA to another name in each instance, such as that of its folder',
  },
  async ({ instances }) =>
    distinct(instances, 'schema', ({ variables, where }) => {
      const schema = variables.get('DB_SCHEMA')
      const url = URL.parse(variables.get('DATABASE_URL')?.value ?? '')
      if (schema === undefined && url === null && !variables.has('DISCORD_TOKEN')) return undefined
      const name = schema?.value || 'public'
      const at = schema === undefined ? `${where}, where it is not set` : schema.at
      return { value: `${url?.host ?? ''}${url?.pathname ?? ''} ${name}`, at: `DB_SCHEMA (${at})` }
    }),
)

/** Two bots in one guild would both answer. */
export const instancesUniquePrefix = instanceProbe(
  {
    title: 'No two instances in one guild have the same command_prefix',
    remedy: 'set another `command_prefix` in the `config.toml` of one of them',
  },
  async ({ instances }) =>
    distinct(instances, 'prefix', ({ prefix, variables }) => {
      if (prefix === undefined) return undefined
      const guild = variables.get('GUILD_ID')?.value ?? ''
      return { value: `${guild} ${prefix.value}`, at: `${prefix.name} (${prefix.at})` }
    }),
)

/** Each instance can listen. */
export const instancesUniquePort = instanceProbe(
  {
    title: 'No two instances share an address',
    remedy: 'set another MCP_PORT in one of them, and list it in INSTANCES',
  },
  async ({ instances, listed, by, variable }, { profile }) => {
    const addresses = variable === undefined ? [] : (listed ?? [])
    const twice = doubles(
      addresses.flatMap(({ name, url }) => (url ? [{ value: url.host, at: name }] : [])),
    )
    if (twice !== undefined) {
      const text = `${by}: ${twice.join(' and ')} have the same host and port`
      return failed([{ kind: 'config', text }])
    }
    // In containers each has its own addresses.
    const own = instances.filter(({ services }) => services.length === 0)
    const here = profile === 'local' ? own : []
    return distinct(here, 'port', ({ variables, where }) => {
      const port = variables.get('MCP_PORT')
      return { value: port?.value || '9090', at: `MCP_PORT (${port?.at ?? where})` }
    })
  },
)

/** One folder for each identity. */
export const instancesOwnFolder = instanceProbe(
  {
    title: 'Every instance has a folder, a .env and a config.toml of its own',
    remedy:
      'give each instance a folder of its own below `instances`, with its own `.env` and `config.toml`',
  },
  async ({ instances }, deployment, signal) => {
    const faults: Seen[] = []
    for (const file of ['.env', 'config.toml']) {
      const same = doubles(
        instances.flatMap(({ name, files }) => {
          const value = files.get(file)
          return value === undefined ? [] : [{ value, at: name }]
        }),
      )
      const text = `${same?.join(' and ')} share one ${file}`
      if (same !== undefined) faults.push({ kind: 'file', text })
    }
    for (const { services, where } of instances) {
      const text = `${services.join(' and ')} are given the same ${where}`
      if (services.length > 1) faults.push({ kind: 'file', text })
    }
    if (faults.length > 0) return failed(faults)
    const { services } = await composeFacts(deployment, signal)
    const how = services.length > 0 ? ', each with a service of its own' : ''
    return proved({ kind: 'file', text: `apart from each other: ${namesOf(instances)}${how}` })
  },
)

/** What others can reach asks for a token. */
export const instancesBackendAuth = instanceProbe(
  {
    title: 'Every instance that listens beyond loopback has a token',
    remedy: 'set MCP_AUTH_TOKEN there to the value of MCP_GATEWAY_AUTH_TOKEN',
  },
  async ({ instances }) => {
    const open = instances.filter(({ variables }) => {
      const address = variables.get('MCP_BIND_ADDR')?.value ?? ''
      return address !== '' && !isLoopbackAddress(address)
    })
    const faults = open.flatMap(({ variables }): Seen[] => {
      const token = variables.get('MCP_AUTH_TOKEN')?.value ?? ''
      const bind = variables.get('MCP_BIND_ADDR')
      if (token.trim() !== '') return []
      const text = `MCP_BIND_ADDR (${bind?.at}) is no loopback address, and MCP_AUTH_TOKEN is not set there`
      return [{ kind: 'environment', text }]
    })
    if (faults.length > 0) return failed(faults)
    const text =
      open.length === 0
        ? `they listen on loopback alone: ${namesOf(instances)}`
        : `they listen beyond loopback, each with a token: ${namesOf(open)}`
    return proved({ kind: 'environment', text })
  },
)

function isLoopbackAddress(address: string): boolean {
  return isLoopbackHost(address.trim().replace(/(?<=\]|^[^:]*):\d+$/, ''))
}

interface Held {
  readonly value: string
  /** As it is shown, without the value. */
  readonly at: string
}

function shown({ variables }: Instance, name: string): Held | undefined {
  const variable = variables.get(name)
  if (variable === undefined || variable.value === '' || isReference(variable.value))
    return undefined
  return { value: variable.value, at: `${name} (${variable.at})` }
}

/** Fails where two of them have the same. */
function distinct(
  instances: readonly Instance[],
  what: string,
  held: (instance: Instance) => Held | undefined,
): Finding {
  const all = instances.flatMap((one) => held(one) ?? [])
  const same = doubles(all)
  if (same !== undefined) {
    return failed([{ kind: 'file', text: `${same.join(' and ')} are the same` }])
  }
  if (instances.length < 2) return notApplicable('there are no two instances that could share one')
  if (all.length === 0) return notApplicable(`none of the instances has a ${what}`)
  return proved({ kind: 'file', text: `they differ: ${all.map(({ at }) => at).join(', ')}` })
}

/** The places of the first value that is there twice. */
function doubles(all: readonly Held[]): string[] | undefined {
  const groups = Map.groupBy(all, ({ value }) => value)
  return [...groups.values()].find((group) => group.length > 1)?.map(({ at }) => at)
}

function namesOf(instances: readonly Instance[]): string {
  return instances.map(({ name }) => name).join(', ')
}
