import { posix, join } from 'node:path'
import type { Compose, ComposeService } from './compose.ts'

/** Where a path in a container is: on the host, on a volume or in memory, or in the image. */
export type ContainerPlace =
  | { readonly kind: 'host'; readonly path: string }
  | { readonly kind: 'volume' }
  | { readonly kind: 'image' }

/** Where the file is that a service finds at a path. */
export function containerPlace(
  service: ComposeService,
  path: string,
  compose: Compose,
): ContainerPlace {
  const project = compose.projects.find(({ services }) => services.includes(service))
  const uses = [
    ...service.secrets.map((use) => ({ ...use, from: project?.secrets.get(use.source) })),
    ...service.configs.map((use) => ({ ...use, from: project?.configs.get(use.source) })),
  ]
  const use = uses.find(({ target }) => target === path)
  if (use !== undefined) {
    return use.from?.file === undefined ? { kind: 'volume' } : { kind: 'host', path: use.from.file }
  }
  // The longest mount wins, as a mount within another hides what is beneath.
  const mounts = service.mounts
    .filter(({ target }) => isWithin(path, target))
    .sort((one, other) => other.target.length - one.target.length)
  const [mount] = mounts
  if (mount === undefined) return { kind: 'image' }
  if (mount.type !== 'bind' || mount.source === undefined) return { kind: 'volume' }
  return { kind: 'host', path: join(mount.source, posix.relative(plain(mount.target), path)) }
}

function isWithin(path: string, target: string): boolean {
  return path === plain(target) || path.startsWith(`${plain(target)}/`)
}

function plain(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path
}
