import { resolve } from 'node:path'
import { type Deployment, fact, type Fact } from '../deployment.ts'
import { shownPath } from './files.ts'
import { listFolder } from './list-folder.ts'
import { caddySites } from './proxy/caddy-sites.ts'
import { readCaddy } from './proxy/caddy-read.ts'
import { placeOf, proxyMounts } from './proxy/mounts.ts'
import { readNginx } from './proxy/nginx-read.ts'
import { sitesOf } from './proxy/nginx-sites.ts'
import type { ProxyPlace, ProxyReading, ProxySite } from './proxy/site.ts'
import { readText } from './read-text.ts'

export type { ProxyRoute, ProxySite, ProxyUpstream } from './proxy/site.ts'

const FOLDERS = ['', 'nginx', 'caddy', 'proxy', 'config', 'config/nginx', 'deploy', 'deploy/nginx']
const NAMES = ['nginx.conf', 'Caddyfile']
const PARTS = ['conf.d', 'nginx/conf.d', 'sites-enabled']
const FILES_MAX = 20

/** What the files of proxies say; nothing where there are none. */
export interface Proxies extends ProxyReading {
  /** As they are shown. */
  readonly files: readonly string[]
}

/** Files of `checklist.proxies`, else those with usual names in `checklist.folders`. At most 20 main files. */
export const proxyFacts: Fact<Proxies> = fact(async (deployment, signal) => {
  const { settings, folder } = deployment
  const named = settings.proxies?.map((file) => resolve(folder, file))
  const unread: string[] = []
  const all = named ?? (await usualFiles(deployment, unread, signal))
  const paths = all.slice(0, FILES_MAX)
  if (all.length > FILES_MAX) unread.push(`only ${FILES_MAX} of ${all.length} files are looked at`)
  const mounts = await proxyMounts(deployment, signal)
  const readings: ProxyReading[] = []
  for (const file of paths) {
    const place = {
      ...placeOf(file, mounts),
      ...{
        file,
        show: (path: string) => shownPath(deployment, path),
        variables: deployment.variables,
      },
    }
    readings.push(await readOne(place, signal))
  }
  return {
    files: paths.map((path) => shownPath(deployment, path)),
    sites: readings.flatMap(({ sites }) => [...sites]),
    faults: readings.flatMap(({ faults }) => [...faults]),
    gaps: [...unread, ...readings.flatMap(({ gaps }) => [...gaps])],
  }
})

/**
 * The sites that clients reach the gateway by: those that answer to the name of `publicUrl` and pass MCP on, or that do
 * so for any name where none has it.
 */
export function ourSites(sites: readonly ProxySite[], open: URL | undefined): readonly ProxySite[] {
  const passing = sites.filter((site) => site.route(publicPath(open, '/mcp')) !== undefined)
  if (open === undefined) return passing
  const named = passing.filter(({ names }) => answersTo(names, open.hostname))
  return named.length > 0 ? named : passing.filter(({ names }) => names.length === 0)
}

/** A path of the gateway as clients ask for it: below that of `publicUrl`, where it has one. */
export function publicPath(open: URL | undefined, path: string): string {
  return `${open?.pathname.replace(/\/+$/, '') ?? ''}${path}`
}

/** Whether a site of these names is asked for that one. */
function answersTo(names: readonly string[], host: string): boolean {
  return names.some((name) => {
    if (name.startsWith('~')) return matchesPattern(name.slice(1), host)
    if (name.startsWith('.')) return host === name.slice(1) || host.endsWith(name)
    if (name.startsWith('*.')) return host.endsWith(name.slice(1))
    return name === host
  })
}

function matchesPattern(pattern: string, host: string): boolean {
  try {
    return new RegExp(pattern, 'i').test(host)
  } catch {
    return false // a pattern that only PCRE knows
  }
}

async function readOne(place: ProxyPlace, signal: AbortSignal): Promise<ProxyReading> {
  const isCaddy = /Caddyfile|\.caddy$/.test(place.file)
  const { directives, ...rest } = await (isCaddy ? readCaddy : readNginx)(place, signal)
  return { sites: (isCaddy ? caddySites : sitesOf)(directives, place), ...rest }
}

async function usualFiles(
  deployment: Deployment,
  unread: string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { settings, folder } = deployment
  const found: string[] = []
  for (const root of settings.folders.map((one) => resolve(folder, one))) {
    const usual = FOLDERS.flatMap((inner) => NAMES.map((name) => resolve(root, inner, name)))
    for (const file of usual) if (await isThere(file, signal)) found.push(file)
    // Parts count by themselves where no main file is there that would include them.
    if (found.some((file) => file.endsWith('nginx.conf'))) continue
    for (const inner of PARTS) {
      const { names, fault } = await listFolder(resolve(root, inner))
      const confs = names.filter((name) => name.endsWith('.conf'))
      found.push(...confs.map((name) => resolve(root, inner, name)))
      if (fault !== undefined)
        unread.push(`${shownPath(deployment, resolve(root, inner))} ${fault}`)
    }
  }
  return [...new Set(found)]
}

async function isThere(file: string, signal: AbortSignal): Promise<boolean> {
  return (await readText(file, signal, { bytesMax: 1 })).missing !== 'absent'
}
