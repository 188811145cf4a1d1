import type { Seen } from '../../answers/answer.ts'
import { builtImages } from '../../looks/built-images.ts'
import type { ComposeService } from '../../looks/compose.ts'
import type { Dockerfile } from '../../looks/dockerfile.ts'
import { uselessTest } from './health-test.ts'
import { all, lasting, others, seen, stackProbe } from './stack.ts'

/** Every service has a health check that can fail and can succeed. */
export const healthchecks = stackProbe({
  title: 'Every service has a health check that can fail and can succeed',
  remedy:
    'give the services that are named a `healthcheck.test` such as `["CMD", "curl", "-fsS", URL]`',
  async judge(stack) {
    const built = await builtImages(stack.deployment, stack.signal)
    const services = lasting(stack)
    const faults = services.flatMap((service): Seen[] => {
      const fault = faultOf(service, built.get(service)?.dockerfile)
      const at = service.healthcheck?.at ?? service.at()
      return fault === undefined ? [] : [seen(at, service, fault)]
    })
    return { faults, seen: [...all(services, 'checked for their health'), ...others(stack)] }
  },
})

/** Whether something tells docker of its health: the compose file, or the Dockerfile that it is built from. */
export function hasHealthcheck(
  service: ComposeService,
  dockerfile: Dockerfile | undefined,
): boolean {
  const own = service.healthcheck
  if (own?.disabled) return false
  return own?.test !== undefined || imageTest(dockerfile) !== undefined
}

function faultOf(service: ComposeService, dockerfile: Dockerfile | undefined): string | undefined {
  if (service.healthcheck?.disabled) return 'has its health check turned off'
  const test = service.healthcheck?.test ?? imageTest(dockerfile)
  if (test === undefined) return 'has no `healthcheck`'
  const fault = uselessTest(test)
  return fault === undefined ? undefined : `has a health check that tells nothing: it ${fault}`
}

/** `HEALTHCHECK [OPTIONS] CMD ...` of the last stage. */
function imageTest(dockerfile: Dockerfile | undefined): string[] | undefined {
  const text = dockerfile?.last.findLast(({ name }) => name === 'HEALTHCHECK')?.text
  const command = text === undefined ? undefined : /(?:^|\s)CMD\s+([\s\S]*)$/.exec(text)?.[1]
  if (command === undefined) return undefined
  const words = command.startsWith('[') ? stringsOf(command) : undefined
  return words === undefined ? ['CMD-SHELL', command] : ['CMD', ...words]
}

function stringsOf(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.map(String) : undefined
  } catch {
    return undefined // docker takes what is no JSON for a line of a shell
  }
}
