import { basename, join, resolve } from 'node:path'
import { type Deployment, fact } from '../deployment.ts'
import { shownPath } from './files.ts'
import { listFolder } from './list-folder.ts'
import { MISSING_TEXT, readText } from './read-text.ts'

/** One setting of a unit. */
export interface UnitSetting {
  readonly section: string
  readonly key: string
  readonly value: string
  /** From 1. */
  readonly line: number
}

/** A unit of systemd. */
export interface SystemdUnit {
  /** `sallyport.service` */
  readonly name: string
  /** Absolute. */
  readonly path: string
  /** As evidence names it. */
  readonly label: string
  readonly settings: readonly UnitSetting[]
}

/** The services of systemd that belong to a deployment. */
export interface SystemdUnits {
  readonly units: readonly SystemdUnit[]
  /** Files that were named and cannot be read, as sentences. */
  readonly gaps: readonly string[]
}

const FOLDERS = ['.', 'systemd', 'deploy/systemd'] as const
const INSTALLED = [
  'etc/systemd/system/sallyport.service',
  'usr/lib/systemd/system/sallyport.service',
]

/**
 * The units of a deployment: those of `checklist.units`, else `*.service` in its folders, else our own where it is
 * installed.
 *
 * @param root `/`, but in tests
 */
export function systemdUnits(root: string) {
  return fact(async (deployment, signal): Promise<SystemdUnits> => {
    const { folder, settings } = deployment
    const named = settings.units?.map((path) => resolve(folder, path))
    const units: SystemdUnit[] = []
    const gaps: string[] = []
    const paths = named ?? (await found(deployment, { root, gaps }, signal))
    for (const path of paths) {
      const label = shownPath(deployment, path)
      const { text, missing } = await readText(path, signal, { bytesMax: 1024 ** 2 })
      if (missing !== undefined) gaps.push(`${label} ${MISSING_TEXT[missing]}`)
      else units.push({ name: basename(path), path, label, settings: readUnit(text) })
    }
    return { units, gaps }
  })
}

async function found(
  deployment: Deployment,
  { root, gaps }: { readonly root: string; readonly gaps: string[] },
  signal: AbortSignal,
): Promise<string[]> {
  const { folder, settings } = deployment
  const folders = settings.folders.flatMap((one) => FOLDERS.map((sub) => resolve(folder, one, sub)))
  const paths: string[] = []
  for (const one of new Set(folders)) {
    const { names, fault } = await listFolder(one)
    if (fault !== undefined) gaps.push(`${shownPath(deployment, one)} ${fault}`)
    paths.push(...names.filter((name) => name.endsWith('.service')).map((name) => join(one, name)))
  }
  if (paths.length > 0) return paths
  for (const path of INSTALLED.map((one) => join(root, one))) {
    if ((await readText(path, signal)).missing !== 'absent') return [path]
  }
  return []
}

/** Source: systemd.syntax(7). */
export function readUnit(text: string): UnitSetting[] {
  const settings: UnitSetting[] = []
  let section = ''
  let open: { text: string; line: number } | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*[#;]/.test(raw)) continue
    const line: string = open === undefined ? raw : `${open.text} ${raw.trim()}`
    const start: number = open?.line ?? index + 1
    open = undefined
    if (line.endsWith('\\')) {
      open = { text: line.slice(0, -1).trimEnd(), line: start }
      continue
    }
    section = /^\[(.+)\]$/.exec(line.trim())?.[1] ?? section
    const [, key, value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (key !== undefined) settings.push({ section, key, value, line: start })
  }
  return settings
}
