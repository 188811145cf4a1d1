import type { Seen } from '../../answers/answer.ts'
import type { ComposeService } from '../../looks/compose.ts'
import { all, seen, stackProbe } from './stack.ts'

/** No service runs with all rights of the host. */
export const unprivileged = stackProbe({
  title: 'No container is privileged',
  withServers: true,
  remedy: 'remove `privileged`, and add in `cap_add` only what the service needs',
  judge({ services }) {
    const faults = services.flatMap((service): Seen[] => {
      if (service.privileged) return [seen(service.at('privileged'), service, 'is privileged')]
      if (!service.capAdd.some((one) => /^(?:CAP_)?ALL$/i.test(one))) return []
      return [seen(service.at('cap_add'), service, 'adds every capability')]
    })
    return { faults, seen: all(services, 'not privileged') }
  },
})

/** No service can change its own programs. */
export const readOnly = stackProbe({
  title: 'The file system of every container is read-only',
  withServers: true,
  remedy: 'set `read_only: true` at the services that are named, with `tmpfs` where they write',
  judge({ services }) {
    const faults = services
      .filter((service) => !service.readOnly)
      .map((service) =>
        seen(service.at('read_only'), service, 'may write to its root: no `read_only: true`'),
      )
    return { faults, seen: all(services, 'read-only') }
  },
})

/** Every service has only the rights it needs, and none over the host. */
export const security = stackProbe({
  title: 'Every container drops its capabilities, gains none, and has no way to the host',
  withServers: true,
  remedy:
    'set `cap_drop: [ALL]` and `security_opt: ["no-new-privileges:true"]`, and take away the way to the host',
  judge({ services }) {
    return { faults: services.flatMap(rights), seen: all(services, 'confined') }
  },
})

function rights(service: ComposeService): Seen[] {
  const faults: Seen[] = []
  const add = (key: string, text: string) => faults.push(seen(service.at(key), service, text))
  if (!service.capDrop.some((one) => /^(?:CAP_)?ALL$/i.test(one))) {
    add('cap_drop', 'keeps capabilities: no `cap_drop: [ALL]`')
  }
  for (const capability of service.capAdd) {
    if (OVER_HOST.test(capability)) add('cap_add', `adds ${capability}, which reaches the host`)
  }
  if (!service.securityOpt.some((one) => /^no-new-privileges(?:[:=]true)?$/.test(one))) {
    add('security_opt', 'may gain rights: no `no-new-privileges:true`')
  }
  for (const option of service.securityOpt) {
    if (/[:=]unconfined$/.test(option)) add('security_opt', `is not confined: \`${option}\``)
  }
  for (const key of ['networkMode', 'pid', 'ipc'] as const) {
    if (service[key] === 'host') add(KEYS[key], `shares the host's \`${KEYS[key]}\``)
  }
  for (const { source = '', at } of service.mounts) {
    if (SOCKET.test(source)) faults.push(seen(at, service, 'mounts the socket of docker'))
    else if (HOST_FOLDER.test(source))
      faults.push(seen(at, service, `mounts ${source} of the host`))
  }
  return faults
}

const KEYS = { networkMode: 'network_mode', pid: 'pid', ipc: 'ipc' } as const
const OVER_HOST =
  /^(?:CAP_)?(?:SYS_ADMIN|SYS_PTRACE|SYS_MODULE|SYS_RAWIO|NET_ADMIN|DAC_READ_SEARCH|BPF)$/i
const SOCKET = /\/(?:docker|podman|containerd)\.sock$/
const HOST_FOLDER = /^\/(?:|etc|proc|sys|dev|root|boot|var\/lib\/docker)$/
