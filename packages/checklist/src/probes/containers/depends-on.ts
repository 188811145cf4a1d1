import type { Seen } from '../../answers/answer.ts'
import { builtImages } from '../../looks/built-images.ts'
import type { ComposeService } from '../../looks/compose.ts'
import { hasHealthcheck } from './healthchecks.ts'
import { seen, stackProbe, type Stack } from './stack.ts'

const WAITS = new Set(['service_healthy', 'service_completed_successfully'])

/** Services wait until what they need is healthy, and the gateway for every server behind it. */
export const dependsOn = stackProbe({
  title: 'Every service waits until what it needs is healthy, and the gateway for every server',
  remedy:
    'write `depends_on` as a map with `condition: service_healthy`, at the gateway for each server',
  async judge(stack) {
    const built = await builtImages(stack.deployment, stack.signal)
    const canBeHealthy = (service: ComposeService) =>
      hasHealthcheck(service, built.get(service)?.dockerfile)
    const faults = stack.services.flatMap((service) => [
      ...conditions(service, stack, canBeHealthy),
      ...unlisted(service, stack),
    ])
    const waiting = stack.services.flatMap((service) =>
      service.dependsOn.map((one) =>
        seen(one.at, service, `waits for ${one.service} (${one.condition})`),
      ),
    )
    const none: Seen = { kind: 'file', text: 'no service waits for another, and none has to' }
    return { faults, seen: waiting.length > 0 ? waiting : [none] }
  },
})

function conditions(
  service: ComposeService,
  { services }: Stack,
  canBeHealthy: (service: ComposeService) => boolean,
): Seen[] {
  return service.dependsOn.flatMap(({ service: name, condition, at }): Seen[] => {
    const needed = services.find((one) => one.name === name && one.project === service.project)
    if (needed === undefined)
      return [seen(at, service, `depends on ${name}, which is not declared`)]
    if (!WAITS.has(condition)) {
      return [seen(at, service, `starts before ${name} is healthy: \`condition: ${condition}\``)]
    }
    if (condition !== 'service_healthy' || canBeHealthy(needed)) return []
    return [seen(at, service, `waits for the health of ${name}, which has no health check`)]
  })
}

/** Servers that the gateway calls and does not wait for. */
function unlisted(service: ComposeService, { services, roles }: Stack): Seen[] {
  if (roles.get(service) !== 'gateway') return []
  const named = new Set(service.dependsOn.map((one) => one.service))
  return services
    .filter((one) => roles.get(one) === 'backend' && one.project === service.project)
    .filter(({ name }) => !named.has(name))
    .map(({ name }) =>
      seen(service.at('depends_on'), service, `does not wait for its server ${name}`),
    )
}
