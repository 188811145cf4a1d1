import type { Deployment } from '../../deployment.ts'
import { type Compose, composeFacts, type ComposeService } from '../../looks/compose.ts'
import { composeRoles, type ServiceRole } from '../../looks/compose-roles.ts'
import { containerServers, runServers } from '../../looks/container-servers.ts'
import {
  type Finding,
  notApplicable,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'

/** What judgements of compose files look at. */
export interface Stack {
  readonly compose: Compose
  /** Never empty. */
  readonly services: readonly ComposeService[]
  readonly roles: ReadonlyMap<ComposeService, ServiceRole>
  readonly deployment: Deployment
  readonly signal: AbortSignal
}

/** What a judgement came to. */
export interface Judgement {
  /** What is wrong: it fails with any of them. */
  readonly faults: readonly Seen[]
  /** What could not be told: without a fault, it is unproved with any of them. */
  readonly unknowns?: readonly Seen[]
  /** What was looked at and is as it should be. At least one. */
  readonly seen: readonly Seen[]
  /** How to learn what is unknown. */
  readonly remedy?: string
}

interface StackProbe {
  readonly title: string
  readonly remedy: string
  readonly deadlineMs?: number
  /** Servers that the gateway runs by `docker run` are judged too, not only services. */
  readonly withServers?: boolean
  judge(stack: Stack): Judgement | Finding | Promise<Judgement | Finding>
}

/** A probe of the services of compose files. Where something of them could not be followed, nothing is proved. */
export function stackProbe({ judge, withServers = false, ...probe }: StackProbe): Probe {
  return {
    kind: 'probe',
    ...probe,
    async look(deployment, signal) {
      const compose = await composeFacts(deployment, signal)
      const run = withServers ? await runServers(deployment, signal) : undefined
      const services = [...compose.services, ...(run?.services ?? [])]
      if (services.length === 0) return withoutServices(deployment, compose, run?.unknown)
      const roles = await composeRoles(deployment, signal)
      const found = await judge({ compose, services, roles, deployment, signal })
      if ('state' in found) return bounded(found, compose)
      const unknowns = [...(found.unknowns ?? []), ...unknownRuns(run?.unknown ?? [])]
      return concluded({ ...found, unknowns }, compose)
    },
  }
}

function concluded(found: Judgement, compose: Compose): Finding {
  const { faults, seen, unknowns = [] } = found
  const gaps = gapsOf(compose)
  if (faults.length > 0) return { state: 'failed', evidence: [...faults, ...unknowns, ...gaps] }
  if (unknowns.length > 0) {
    return {
      state: 'unproved',
      evidence: [...unknowns, ...gaps],
      ...(found.remedy !== undefined && { remedy: found.remedy }),
    }
  }
  if (seen.length === 0 && gaps.length === 0) {
    return unproved('file', 'no service of the compose files is started without being asked for')
  }
  return bounded({ state: 'proved', evidence: seen }, compose)
}

function bounded(found: Finding, compose: Compose): Finding {
  const gaps = gapsOf(compose)
  const isGood = found.state === 'proved' || found.state === 'not_applicable'
  if (!isGood || gaps.length === 0) return found
  return { state: 'unproved', evidence: gaps, remedy: 'make every compose file readable here' }
}

function gapsOf({ gaps }: Compose): Seen[] {
  return gaps.map(({ at, text }) => ({ kind: 'file', text: `${at}: ${text}` }))
}

function unknownRuns(places: readonly string[]): Seen[] {
  return places.map((at) => ({
    kind: 'config',
    text: `${at}: what container this command runs cannot be told`,
  }))
}

/** What is said of containers where no compose file has a service. */
function withoutServices(
  deployment: Deployment,
  compose: Compose,
  unknown: readonly string[] = [],
): Finding {
  const remedy = 'name the compose files under `checklist.compose`'
  if (compose.gaps.length > 0) {
    return { state: 'unproved', evidence: gapsOf(compose), remedy: 'mend the compose file' }
  }
  if (compose.files.length > 0) {
    return unproved('file', 'the compose files declare no service', remedy)
  }
  if (deployment.profile === 'compose') return unproved('file', 'no compose file is found', remedy)
  if (deployment.profile === 'kubernetes') {
    return unproved('reason', 'this runs on Kubernetes, whose workloads are not looked at')
  }
  if (unknown.length > 0) {
    const evidence = unknownRuns(unknown)
    return { state: 'unproved', evidence, remedy: 'run the server by `docker run` and its options' }
  }
  const servers = containerServers(deployment)
  if (servers.length === 0) {
    return notApplicable('nothing here runs in containers: there is no compose file')
  }
  const names = servers.join(', ')
  return notApplicable(`the gateway itself starts, watches and ends the containers of ${names}`)
}

/** `compose.yaml:3: the service db ...` */
export function seen(at: string, service: ComposeService | string, text: string): Seen {
  const name = typeof service === 'string' ? service : service.name
  const isServer = typeof service !== 'string' && service.isServer === true
  const word = isServer ? 'server' : 'service'
  return { kind: isServer ? 'config' : 'file', text: `${at}: the ${word} ${name} ${text}` }
}

/** One sentence for all services that are as they should be. */
export function all(services: readonly ComposeService[], text: string): Seen[] {
  const names = services.map(({ name }) => name).join(', ')
  return services.length === 0 ? [] : [{ kind: 'file', text: `${text}: ${names}` }]
}

/** Whether it runs to its end before others start, such as a migration. */
export function isOneShot(service: ComposeService, { services }: Pick<Stack, 'services'>): boolean {
  return services.some((other) =>
    other.dependsOn.some(
      (one) => one.service === service.name && one.condition === 'service_completed_successfully',
    ),
  )
}

/** Services that are to stay up: neither run to their end nor started only when asked for. */
export function lasting(stack: Pick<Stack, 'services'>): ComposeService[] {
  return stack.services.filter(
    (service) => service.profiles.length === 0 && !isOneShot(service, stack),
  )
}

/** What is said of services that are not to stay up. */
export function others(stack: Pick<Stack, 'services'>): Seen[] {
  const left = stack.services.filter((service) => !lasting(stack).includes(service))
  return all(left, 'not looked at, as they run to their end or only when asked for')
}
