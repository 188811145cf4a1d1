import type { Deployment } from '../../deployment.ts'
import { composeFacts } from '../compose.ts'
import { composeRoles } from '../compose-roles.ts'
import type { ComposeProject } from '../compose/project.ts'
import type { ComposeService } from '../compose/service.ts'
import type { ProxyPlace } from './site.ts'

/** What stands at a path of a container; a source that is undefined cannot be seen from this machine. */
interface Mount {
  readonly source: string | undefined
  readonly target: string
}

/** The mounts of every service of compose that runs a proxy. */
export async function proxyMounts(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<readonly (readonly Mount[])[]> {
  const { projects } = await composeFacts(deployment, signal)
  const roles = await composeRoles(deployment, signal)
  return projects.flatMap((project) =>
    project.services
      .filter((service) => roles.get(service) === 'proxy')
      .map((service) => mountsOf(service, project)),
  )
}

/** Where a main file is read: in the container that it is mounted into, else on this machine. */
export function placeOf(
  file: string,
  services: readonly (readonly Mount[])[],
): Pick<ProxyPlace, 'inside' | 'locate'> {
  for (const mounts of services) {
    const own = mounts.find(({ source }) => source !== undefined && isWithin(file, source))
    if (own?.source === undefined) continue
    const inside = own.target + file.slice(own.source.length)
    return { inside, locate: (path) => locate(path, mounts) }
  }
  return { inside: file, locate: (path) => ({ kind: 'here', path }) }
}

function locate(path: string, mounts: readonly Mount[]): ReturnType<ProxyPlace['locate']> {
  // The innermost mount is what is seen.
  const found = mounts
    .filter(({ target }) => isWithin(path, target))
    .toSorted((one, other) => other.target.length - one.target.length)[0]
  if (found === undefined) return { kind: 'nowhere' }
  if (found.source === undefined) return { kind: 'elsewhere' }
  return { kind: 'here', path: found.source + path.slice(found.target.length) }
}

function mountsOf(
  { mounts, secrets, configs }: ComposeService,
  project: ComposeProject,
): readonly Mount[] {
  const all = mounts.map(({ type, source, target }) => ({
    source: type === 'bind' ? source : undefined,
    target: target.replace(/\/+$/, ''),
  }))
  const files = (uses: ComposeService['secrets'], from: ComposeProject['secrets']): Mount[] =>
    uses.map(({ source, target }) => ({ source: from.get(source)?.file, target }))
  return [...all, ...files(secrets, project.secrets), ...files(configs, project.configs)]
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
