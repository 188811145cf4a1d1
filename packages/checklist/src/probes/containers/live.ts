import type { Finding, Seen } from '../../answers/answer.ts'
import { unproved } from '../../answers/answer.ts'
import type { ComposeService } from '../../looks/compose.ts'
import { type LiveContainer, liveContainers } from '../../looks/live-containers.ts'
import { isOneShot, type Judgement, type Stack, stackProbe } from './stack.ts'

const DEADLINE_MS = 30_000
const RESTARTS_MAX = 2

/** Every service has a container that runs. */
export const running = stackProbe({
  title: 'Every service has a container that runs',
  remedy: 'run `docker compose up -d`, and `docker compose logs SERVICE` for what it says',
  deadlineMs: DEADLINE_MS,
  judge: (stack) =>
    judgedLive(stack, (container, isJob) => {
      if (isJob) {
        if (container.state === 'exited' && container.exitCode === 0) return undefined
        if (container.state === 'running') return undefined
        return `is to run to its end and is ${container.state} with code ${container.exitCode}`
      }
      if (container.state === 'running') return undefined
      return container.state === 'exited'
        ? `ended with code ${container.exitCode}`
        : `is ${container.state}`
    }),
})

/** Docker finds every service healthy; what nothing checks is not healthy. */
export const healthy = stackProbe({
  title: 'Docker finds every service healthy',
  remedy: 'see `docker inspect` of the container for what its health check says, and mend that',
  deadlineMs: DEADLINE_MS,
  judge: (stack) =>
    judgedLive(stack, (container, isJob) => {
      if (isJob && container.state === 'exited') return undefined
      if (container.health === 'healthy') return undefined
      return container.health === '' ? 'is not checked for its health' : `is ${container.health}`
    }),
})

/** No container is started again and again. */
export const noRestarts = stackProbe({
  title: 'No container is started again and again, or ended for want of memory',
  remedy:
    'read `docker compose logs SERVICE` for why it ends, and raise its limit where memory is short',
  deadlineMs: DEADLINE_MS,
  judge: (stack) =>
    judgedLive(stack, (container) => {
      if (container.state === 'restarting')
        return `is being restarted, ${container.restarts} times so far`
      if (container.outOfMemory) return 'was ended for taking more memory than its limit'
      if (container.restarts <= RESTARTS_MAX) return undefined
      return `was restarted ${container.restarts} times`
    }),
})

type Fault = (container: LiveContainer, isJob: boolean) => string | undefined

async function judgedLive(stack: Stack, faultOf: Fault): Promise<Judgement | Finding> {
  const live = await liveContainers(stack.deployment, stack.signal)
  if (live.missing !== undefined) {
    return unproved('command', live.missing.text, live.missing.remedy)
  }
  const expected = stack.services.filter(({ profiles }) => profiles.length === 0)
  const judged = expected.map((service) => judgedService(service, live.containers, stack, faultOf))
  return {
    faults: judged.flatMap(({ faults }) => faults),
    seen: judged.flatMap(({ found }) => found),
  }
}

function judgedService(
  service: ComposeService,
  containers: readonly LiveContainer[],
  stack: Stack,
  faultOf: Fault,
): { readonly faults: readonly Seen[]; readonly found: readonly Seen[] } {
  const own = containers.filter(
    (one) => one.service === service.name && one.project === service.project,
  )
  if (own.length === 0)
    return {
      faults: [told(service.name, `has no container in the project ${service.project}`)],
      found: [],
    }
  const isJob = isOneShot(service, stack)
  const faults = own.flatMap((container) => {
    const fault = faultOf(container, isJob)
    return fault === undefined ? [] : [told(`${service.name} (${container.name})`, fault)]
  })
  const found = own.map(({ name, state, health, restarts, startedAt }) =>
    told(
      `${service.name} (${name})`,
      `is ${state}${health === '' ? '' : ` and ${health}`} since ${startedAt}, ${restarts} restarts`,
    ),
  )
  return { faults, found }
}

function told(name: string, text: string): Seen {
  return { kind: 'command', text: `docker inspect: the service ${name} ${text}` }
}
