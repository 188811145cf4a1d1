import { glob, readdir, stat } from 'node:fs/promises'
import { posix, relative } from 'node:path'
import type { Seen } from '../../answers/answer.ts'
import { builtImages } from '../../looks/built-images.ts'
import type { ComposeMount, ComposeService } from '../../looks/compose.ts'
import { containerPlace } from '../../looks/container-files.ts'
import { caddyPaths, type NamedPath, nginxPaths, yamlPaths } from '../../looks/mounted-config.ts'
import { MISSING_TEXT, readText } from '../../looks/read-text.ts'
import { seen, stackProbe, type Stack } from './stack.ts'

const FILES_MAX = 50
const MADE = /\.sock$/

/** Whatever is mounted, and whatever a mounted configuration names, is there. */
export const mounts = stackProbe({
  title:
    'Every file that is mounted is there, and so is every file that a mounted configuration names',
  remedy: 'mount the folder that holds the file at the path that is named, or correct the path',
  async judge(stack) {
    const missing: Seen[] = []
    const unknowns: Seen[] = []
    const looked: Seen[] = []
    for (const service of stack.services) {
      const own = await missingMounts(service, stack)
      missing.push(...own)
      const { faults, found, unread } = await missingPaths(service, stack)
      missing.push(...faults)
      unknowns.push(...unread)
      looked.push(...found)
      if (own.length === 0 && service.mounts.length + service.secrets.length > 0) {
        looked.push(seen(service.at('volumes'), service, 'finds everything that is mounted'))
      }
    }
    const none: Seen = { kind: 'file', text: 'no service mounts a file of the host' }
    const remedy = 'run the check as a user who may read what is mounted'
    return { faults: missing, unknowns, seen: looked.length > 0 ? looked : [none], remedy }
  },
})

async function missingMounts(service: ComposeService, stack: Stack): Promise<Seen[]> {
  const { deployment, compose } = stack
  const shown = (path: string) => relative(deployment.folder, path) || '.'
  const project = compose.projects.find(({ services }) => services.includes(service))
  const faults: Seen[] = []
  for (const { type, source, at } of service.mounts) {
    if (type !== 'bind' || source === undefined || MADE.test(source)) continue
    if (await exists(source)) continue
    faults.push(seen(at, service, `mounts ${shown(source)}, which is not there`))
  }
  const uses = [
    ...service.secrets.map((use) => ({
      ...use,
      word: 'secret',
      from: project?.secrets.get(use.source),
    })),
    ...service.configs.map((use) => ({
      ...use,
      word: 'config',
      from: project?.configs.get(use.source),
    })),
  ]
  for (const { source, at, word, from } of uses) {
    if (from === undefined)
      faults.push(seen(at, service, `takes the ${word} ${source}, which is not declared`))
    else if (from.file !== undefined && !(await exists(from.file))) {
      faults.push(
        seen(
          from.at,
          service,
          `takes the ${word} ${source} from ${shown(from.file)}, which is not there`,
        ),
      )
    }
  }
  return faults
}

/** Files that mounted configurations of a service name and that it would not find. */
async function missingPaths(
  service: ComposeService,
  stack: Stack,
): Promise<{ readonly faults: Seen[]; readonly found: Seen[]; readonly unread: Seen[] }> {
  const faults: Seen[] = []
  const found: Seen[] = []
  const unread: Seen[] = []
  const isBuilt = (await builtImages(stack.deployment, stack.signal)).has(service)
  for (const { host, target } of await mountedConfigs(service, stack)) {
    const file = relative(stack.deployment.folder, host)
    const { text, missing } = await readText(host, stack.signal, { bytesMax: 1024 ** 2 })
    if (missing !== undefined && missing !== 'absent') {
      unread.push(seen(file, service, `reads ${target}, which ${MISSING_TEXT[missing]}`))
    }
    if (text === undefined) continue
    for (const { path, line, key } of namedPaths(service, stack, target, text)) {
      const place = containerPlace(service, path, stack.compose)
      // What an image of our own copies in cannot be seen from here.
      if (place.kind === 'volume' || (place.kind === 'image' && isBuilt)) continue
      const at = `${file}:${line}`
      if (place.kind === 'image')
        faults.push(seen(at, service, `reads \`${key}\` ${path}, where nothing is mounted`))
      else if (await matches(place.path)) found.push(seen(at, service, `finds \`${key}\` ${path}`))
      else
        faults.push(seen(at, service, `reads \`${key}\` ${path}, which is not in what is mounted`))
    }
  }
  return { faults, found, unread }
}

function namedPaths(
  service: ComposeService,
  { roles }: Stack,
  target: string,
  text: string,
): NamedPath[] {
  const folder = posix.dirname(target)
  if (/\.ya?ml$/.test(target)) return yamlPaths(text, folder)
  if (/Caddyfile|\.caddy$/.test(target)) return caddyPaths(text)
  if (/\.conf$|\/nginx\/|\.template$/.test(target)) return nginxPaths(text, '/etc/nginx')
  return roles.get(service) === 'proxy' ? nginxPaths(text, '/etc/nginx') : []
}

/** Configuration files of the host that a service sees, one folder deep. */
async function mountedConfigs(
  service: ComposeService,
  { compose }: Stack,
): Promise<{ readonly host: string; readonly target: string }[]> {
  const binds = service.mounts.filter(
    (mount): mount is ComposeMount & { source: string } =>
      mount.type === 'bind' && mount.source !== undefined,
  )
  const configs = service.configs.flatMap(({ target }) => {
    const place = containerPlace(service, target, compose)
    return place.kind === 'host' ? [{ host: place.path, target }] : []
  })
  const found = [...configs]
  for (const { source, target } of binds) {
    const status = await stat(source).catch(() => undefined) // a mount that is not there is told of elsewhere
    if (status?.isFile()) found.push({ host: source, target })
    if (!status?.isDirectory() || SECRETS.test(target)) continue
    const names = (await readdir(source)).filter((name) => CONFIG.test(name)).slice(0, FILES_MAX)
    found.push(
      ...names.map((name) => ({ host: `${source}/${name}`, target: posix.join(target, name) })),
    )
  }
  return found
}

const CONFIG = /\.(?:conf|ya?ml|caddy|template)$|^Caddyfile$/
const SECRETS = /\/(?:secrets?|data)$/

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException // stat throws such errors alone
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw thrown
  }
}

async function matches(path: string): Promise<boolean> {
  if (!path.includes('*')) return exists(path)
  for await (const _found of glob(path)) return true
  return false
}
