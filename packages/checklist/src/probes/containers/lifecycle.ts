import { lasting, others, seen, all, stackProbe } from './stack.ts'

const SURVIVE = new Set(['always', 'unless-stopped'])

/** Every service is started again after it ends and after the host starts. */
export const restart = stackProbe({
  title: 'Every service is started again after it ends and after the host starts',
  remedy: 'set `restart: unless-stopped` at the services that are named',
  judge(stack) {
    const services = lasting(stack)
    const faults = services.flatMap((service) => {
      const policy = service.restart?.split(':')[0]
      if (policy !== undefined && SURVIVE.has(policy)) return []
      const text = policy === undefined ? 'has no `restart`' : `has \`restart: ${service.restart}\``
      return [
        seen(service.at('restart'), service, `${text}: nothing starts it after the host does`),
      ]
    })
    return { faults, seen: [...all(services, 'started again by docker'), ...others(stack)] }
  },
})

/** Every service has a limit of memory and of processor time. */
export const limits = stackProbe({
  title: 'Every service has a limit of memory and of processor time',
  withServers: true,
  remedy:
    'set `mem_limit` and `cpus`, or `deploy.resources.limits`, at the services that are named',
  judge({ services }) {
    const faults = services.flatMap((service) => {
      const missing = [
        ...(isLimit(service.memoryLimit) ? [] : ['memory']),
        ...(isLimit(service.cpuLimit) ? [] : ['processor time']),
      ]
      if (missing.length === 0) return []
      return [seen(service.at(), service, `has no limit of ${missing.join(' and ')}`)]
    })
    const seenLimits = services.map((service) =>
      seen(
        service.at(),
        service,
        `may take ${service.memoryLimit} and ${service.cpuLimit} processors`,
      ),
    )
    return { faults, seen: seenLimits }
  },
})

function isLimit(text: string | undefined): boolean {
  return text !== undefined && Number.parseFloat(text) > 0
}
