import type { Seen } from '../../answers/answer.ts'
import type { ComposeMount, ComposeProject, ComposeService } from '../../looks/compose.ts'
import type { ServiceRole } from '../../looks/compose-roles.ts'
import { notApplicable } from '../../answers/answer.ts'
import { seen, stackProbe, type Stack } from './stack.ts'

/** Where images keep what must outlive the container. */
const DATA: Partial<Record<ServiceRole, readonly string[]>> = {
  postgres: ['/var/lib/postgresql/data', '/var/lib/postgresql', '/bitnami/postgresql'],
  redis: ['/data', '/bitnami/redis/data', '/bitnami/valkey/data'],
  prometheus: ['/prometheus', '/opt/bitnami/prometheus/data'],
  alertmanager: ['/alertmanager'],
  grafana: ['/var/lib/grafana'],
}
const KEEPERS: ReadonlySet<ServiceRole | undefined> = new Set([
  ...(['postgres', 'redis', 'store', 'prometheus', 'grafana'] as const),
])

/** What must outlive containers is on named volumes or folders of the host. */
export const volumes = stackProbe({
  title: 'Data of every store is on a volume that outlives the container',
  remedy: 'mount a named volume or a folder of the host at the data of the service that is named',
  judge(stack) {
    const keepers = stack.services.filter((service) => KEEPERS.has(stack.roles.get(service)))
    const gateways = stack.services.filter((service) => keepsHere(service, stack))
    const kept = [...keepers, ...gateways]
    if (kept.length === 0) return notApplicable('no service of the compose files keeps data')
    const judged = kept.map((service) => judgedMount(service, stack))
    return {
      faults: judged.flatMap(({ fault }) => fault ?? []),
      seen: judged.flatMap(({ found }) => found ?? []),
    }
  },
})

/** A gateway in a container keeps its store there unless it is on PostgreSQL. */
function keepsHere(service: ComposeService, { roles, deployment }: Stack): boolean {
  if (roles.get(service) !== 'gateway') return false
  return !/^postgres(?:ql)?:/.test(deployment.config?.store ?? '')
}

function judgedMount(service: ComposeService, stack: Stack): { fault?: Seen; found?: Seen } {
  const role = stack.roles.get(service)
  const project = stack.compose.projects.find(({ services }) => services.includes(service))
  const targets = dataOf(service, role)
  const mounts = service.mounts.filter(
    ({ target, readOnly }) =>
      !readOnly && (targets.length === 0 || targets.some((data) => holds(target, data))),
  )
  if (mounts.length === 0) {
    const where = targets[0] === undefined ? '' : ` at ${targets[0]}`
    return {
      fault: seen(
        service.at('volumes'),
        service,
        `keeps its data in the container: no volume${where}`,
      ),
    }
  }
  const faults = mounts.map((mount) => ({ mount, text: passing(mount, project) }))
  const good = faults.find(({ text }) => text === undefined)?.mount
  if (good !== undefined) {
    return { found: seen(good.at, service, `keeps ${good.target} on ${good.source}`) }
  }
  const { mount, text } = faults[0] ?? {}
  return { fault: seen(mount?.at ?? service.at(), service, `keeps ${mount?.target} on ${text}`) }
}

function dataOf({ environment }: ComposeService, role: ServiceRole | undefined): readonly string[] {
  const own = role === 'postgres' ? environment.get('PGDATA')?.value : undefined
  const usual = (role === undefined ? undefined : DATA[role]) ?? []
  return own === undefined ? usual : [own, ...usual.filter((path) => own.startsWith(path))]
}

/** Whether what is mounted there holds that folder. */
function holds(target: string, folder: string): boolean {
  const plain = target.replace(/\/+$/, '')
  return folder === plain || folder.startsWith(`${plain}/`)
}

/** Why a mount does not outlive its container or the host's next start. */
function passing(mount: ComposeMount, project: ComposeProject | undefined): string | undefined {
  if (mount.type === 'tmpfs') return 'tmpfs, which is memory'
  if (mount.type === 'bind') {
    return /^\/(?:tmp|run|dev\/shm|var\/run)(?:\/|$)/.test(mount.source ?? '')
      ? `${mount.source}, which is emptied when the host starts`
      : undefined
  }
  if (mount.source === undefined) return 'a volume without a name, which is lost with the container'
  return project?.volumes.get(mount.source)?.type === 'tmpfs'
    ? `the volume ${mount.source}, which is kept in memory`
    : undefined
}
