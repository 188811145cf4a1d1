import { suggest } from '@sallyport/kit/config'
import {
  failed,
  type Finding,
  judged,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { composeFacts } from '../../looks/compose.ts'
import { composeNeeds } from '../../looks/compose-needs.ts'
import { configPlaces, sourceReferences } from '../../looks/config-places.ts'
import { environmentFiles, type FileVariable } from '../../looks/environment-files.ts'
import { givenVariables } from '../../looks/given-variables.ts'
import { KNOWN_VARIABLES } from '../../looks/known-variables.ts'
import { logFacts } from '../../looks/logs.ts'
import { placeholderIn } from '../../looks/placeholder.ts'
import { clusterGap, environmentGap, variablesGap } from './look-gap.ts'

interface Need {
  readonly name: string
  /** What needs it. */
  readonly by: string
}

/** Every variable that something refers to has a value. */
export const envComplete: Probe = {
  kind: 'probe',
  title: 'Every variable that the configuration and compose files refer to is set',
  remedy: 'set it in the environment file of the program that reads it',
  look: async (deployment, signal) => {
    const compose = await composeNeeds(deployment, signal)
    const given = await givenVariables(deployment, signal)
    const { variables } = deployment
    const needs = [...(await configNeeds(deployment, signal)), ...compose.needs]
    const values = (name: string) => [
      ...given.flatMap((one) => (one.name === name ? [one.value] : [])),
      ...(variables[name] === undefined ? [] : [variables[name]]),
    ]
    const faults = needs.flatMap(({ name, by }): Seen[] => {
      const found = values(name)
      if (found.some((value) => value !== '')) return []
      const fault = found.length > 0 ? 'is set to nothing' : 'is set nowhere'
      return [{ kind: 'environment', text: `${name}, which ${by} refers to, ${fault}` }]
    })
    const [first] = faults
    if (first !== undefined) {
      // It may be set where nobody here can look.
      const hidden = clusterGap(deployment) ?? (await environmentGap(deployment, signal))
      if (hidden !== undefined) return hidden
      const names = [...new Set(faults.map(({ text }) => text.split(',')[0]))].slice(0, 10)
      return failed(faults, `set ${names.join(', ')} in \`.env\` beside the file that refers to it`)
    }
    const gap = await variablesGap(deployment, signal)
    if (gap !== undefined) return gap
    if (compose.faults.length > 0) return unproved('file', compose.faults.join('; '))
    const count = new Set(needs.map(({ name }) => name)).size
    const text =
      count === 0
        ? 'neither the configuration nor a compose file refers to a variable without a default'
        : `${count} variables are referred to, and each has a value`
    return proved({ kind: 'environment', text })
  },
}

async function configNeeds(deployment: Deployment, signal: AbortSignal): Promise<Need[]> {
  const placeOf = await configPlaces(deployment, signal)
  return sourceReferences(deployment.source).flatMap(({ kind, target, fallback, path }) =>
    kind === 'env' && fallback === undefined ? [{ name: target, by: placeOf(path) }] : [],
  )
}

/** No value is still what a template says. */
export const envNoPlaceholders: Probe = {
  kind: 'probe',
  title: 'No variable still has the placeholder of a template',
  remedy: 'write the value itself',
  look: (deployment, signal) =>
    overVariables(deployment, signal, ({ name, value, at }) => {
      const fault = placeholderIn(name, value)
      return fault === undefined ? undefined : `${name} (${at}) ${fault}`
    }),
}

const DEBUG = /^(?:debug|trace|verbose|silly|all|\*)$/i
const LEVELS = /^(?:MCP_LOG_LEVEL|LOG_LEVEL|LOGLEVEL|RUST_LOG|SALLYPORT_LOG_LEVEL)$/

/** Logs say what happened, and not everything that passes through. */
export const envLogLevel: Probe = {
  kind: 'probe',
  title: 'Programs log at info or above',
  remedy: 'set MCP_LOG_LEVEL (LOG_LEVEL, RUST_LOG) to `info`',
  look: async (deployment, signal) => {
    const given = await givenVariables(deployment, signal)
    const levels = given.filter(({ name, value }) => LEVELS.test(name) && value !== '')
    const faults = levels.flatMap(({ name, value, at }): Seen[] => {
      const level = debugLevel(value)
      if (level === undefined) return []
      return [{ kind: 'environment', text: `${name} (${at}) asks for \`${level}\`` }]
    })
    if (faults.length > 0) return failed(faults)
    const gap = await variablesGap(deployment, signal)
    if (gap !== undefined) return gap
    const seen = levels.map(({ name, at }): Seen => {
      return { kind: 'environment', text: `${name} (${at}) asks for no more than \`info\`` }
    })
    const none = 'no variable sets a level, and without one it is `info`'
    return proved(...(seen.length > 0 ? seen : [{ kind: 'environment' as const, text: none }]))
  },
}

/** The first level of a value that is too talkative; those of `RUST_LOG` may be by module. */
function debugLevel(value: string): string | undefined {
  const levels = value.split(',').map((part) => part.split('=').at(-1)?.trim() ?? '')
  return levels.find((level) => DEBUG.test(level))?.toLowerCase()
}

/** Logs are JSON lines, which programs read. */
export const envJsonLogs: Probe = {
  kind: 'probe',
  title: 'The gateway logs JSON lines',
  remedy:
    'set MCP_JSON_LOGS=true in the environment of the gateway, and name its unit in `checklist.units` if it is elsewhere',
  look: async (deployment, signal) => {
    const given = await givenVariables(deployment, signal)
    const found = given.filter(({ name, value }) => name === 'MCP_JSON_LOGS' && value !== '')
    const [off] = found.filter(({ value }) => !/^(?:1|true)$/i.test(value))
    if (off !== undefined) {
      const text = `MCP_JSON_LOGS (${off.at}) does not say \`true\``
      return failed([{ kind: 'environment', text }])
    }
    const [on] = found
    const without = await gatewayWithout(deployment, signal)
    if (on !== undefined && without !== undefined) {
      const text = `MCP_JSON_LOGS is set (${on.at}), but compose does not pass it to ${without}`
      return failed(
        [{ kind: 'environment', text }],
        `add MCP_JSON_LOGS to \`environment\` of ${without}`,
      )
    }
    if (on !== undefined) {
      return proved({ kind: 'environment', text: `MCP_JSON_LOGS is true (${on.at})` })
    }
    const gap = await variablesGap(deployment, signal)
    if (gap !== undefined) return gap
    const written = await jsonLogs(deployment, signal)
    if (written !== undefined) return proved({ kind: 'log', text: written })
    const text = 'MCP_JSON_LOGS is set nowhere, and without it logs are written for people'
    return failed([{ kind: 'environment', text }])
  },
}

/** That the gateway writes JSON, whoever told it to; undefined where its logs do not say so. */
async function jsonLogs(deployment: Deployment, signal: AbortSignal): Promise<string | undefined> {
  const { sources } = await logFacts(deployment, signal)
  const source = sources.find(({ isOurs, sinceStart }) => {
    const own = sinceStart.filter(({ isAbout }) => !isAbout)
    return isOurs && own.length > 0 && own.every(({ json }) => json !== undefined)
  })
  return source && `${source.name} holds nothing but JSON, whatever starts the gateway`
}

/** A service that is a gateway and is not given that variable. */
async function gatewayWithout(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { services } = await composeFacts(deployment, signal)
  const gateways = services.filter(
    ({ environment, image }) =>
      ['INSTANCES', 'MCP_GATEWAY_AUTH_TOKEN', 'SALLYPORT_CONFIG'].some((name) =>
        environment.has(name),
      ) || /sallyport/i.test(image ?? ''),
  )
  const one = gateways.find(({ environment }) => !environment.has('MCP_JSON_LOGS'))
  return one && `${one.name} (${one.at('environment')})`
}

const HERE = 'environment of this command'
const OWN_PREFIX = /^SALLYPORT_/
const SHARED_PREFIX = /^(?:MCP_|GATEWAY_|SLACK_|INSTANCE)/

/** No variable of ours is misspelt. */
export const envUnknown: Probe = {
  kind: 'probe',
  title: 'Every variable with a name of ours is read by something',
  remedy: 'rename or remove the variable',
  look: async (deployment, signal) => {
    const compose = await composeNeeds(deployment, signal)
    const { variables, source } = deployment
    const read = new Set([
      ...KNOWN_VARIABLES,
      ...sourceReferences(source).flatMap(({ kind, target }) => (kind === 'env' ? [target] : [])),
      ...compose.names,
    ])
    const given = await givenVariables(deployment, signal)
    const places = new Map(given.map(({ name, at }) => [name, at]))
    const own = Object.keys(variables).filter((name) => !places.has(name))
    const all = [...places, ...own.map((name): [string, string] => [name, HERE])]
    const faults = all.flatMap(([name, at]): Seen[] => {
      const text = read.has(name) ? undefined : unknownVariable(name, at, places)
      return text === undefined ? [] : [{ kind: 'environment', text: `${name} (${at}) ${text}` }]
    })
    if (faults.length > 0) return failed(faults)
    const gap = await variablesGap(deployment, signal)
    if (gap !== undefined) return gap
    const ours = [...places.keys()].filter((name) => read.has(name)).length
    return proved({ kind: 'environment', text: `${ours} variables are set that something reads` })
  },
}

function unknownVariable(
  name: string,
  at: string,
  places: ReadonlyMap<string, unknown>,
): string | undefined {
  if (!OWN_PREFIX.test(name) && !SHARED_PREFIX.test(name)) return undefined
  const base = name.replace(/_FILE$/, '')
  const meant = suggest(base, KNOWN_VARIABLES)
  if (meant === base) return 'is not read: only the configuration takes secrets from files'
  // Others have variables with these prefixes too: what is almost one of ours, and not there, is meant.
  if (meant !== undefined && !places.has(meant)) return `is read by nothing: did you mean ${meant}?`
  // In a shell there may be some for other commands.
  return OWN_PREFIX.test(name) && at !== HERE ? 'is read by nothing' : undefined
}

/** Judges every variable of live environment files and units, and those that are referred to. */
async function overVariables(
  deployment: Deployment,
  signal: AbortSignal,
  fault: (variable: FileVariable) => string | undefined,
): Promise<Finding> {
  const given = await givenVariables(deployment, signal)
  const faults = given.flatMap((variable): Seen[] => {
    const text = fault(variable)
    return text === undefined ? [] : [{ kind: 'environment', text }]
  })
  if (faults.length > 0) return failed(faults)
  const gap = await variablesGap(deployment, signal)
  if (gap !== undefined) return gap
  const { files } = await environmentFiles(deployment, signal)
  const live = files.filter(({ use }) => use === 'live').map(({ name }) => name)
  const left = files.filter(({ use }) => use !== 'live').map(({ name }) => name)
  const seen: Seen[] = [
    {
      kind: 'environment',
      text: `${given.length} variables were looked at, ${live.length > 0 ? `in ${live.join(', ')}` : 'with no environment file'}`,
    },
  ]
  if (left.length > 0) {
    seen.push({
      kind: 'file',
      text: `left out, as it is of another environment or old: ${left.join(', ')}`,
    })
  }
  return judged([], seen)
}
