import { basename, dirname, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Deployment } from '../deployment.ts'
import { fact } from '../deployment.ts'
import type { ComposeGap, ComposeProject } from './compose/project.ts'
import { readProject } from './compose/read-project.ts'
import type { ComposeService } from './compose/service.ts'
import { entriesOf, ComposeFault, readTree, under } from './compose/tree.ts'
import { readText } from './read-text.ts'

export type { ComposeReference } from './compose/interpolate.ts'
export type { ComposeGap, ComposeProject, ComposeSource, ComposeVolume } from './compose/project.ts'
export type {
  ComposeEnvironment,
  ComposeHealthcheck,
  ComposeMount,
  ComposePort,
  ComposeService,
} from './compose/service.ts'

/** What the compose files of a deployment say; empty lists where there is none. */
export interface Compose {
  readonly projects: readonly ComposeProject[]
  /** Of all projects. */
  readonly services: readonly ComposeService[]
  /** Absolute paths of the files that were looked at. */
  readonly files: readonly string[]
  /** Of all projects: with one, what was seen is not all there is. */
  readonly gaps: readonly ComposeGap[]
}

const BASES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']
const STEMS = ['compose', 'docker-compose']
const ENDINGS = ['yaml', 'yml']

/**
 * The compose files of a deployment: those of `checklist.compose`, together as one project; else those of
 * `COMPOSE_FILE`; else in each folder the one with a usual name, with its `override` and `prod` beside it. A `prod`
 * file whose services stand alone is a project of its own.
 *
 * Source: Compose specification; docker documentation, "Working with multiple Compose files".
 */
export const composeFacts = fact(async (deployment, signal): Promise<Compose> => {
  const { folder, settings, variables } = deployment
  const places = settings.compose
    ? [settings.compose.map((file) => resolve(folder, file))]
    : await foundPlaces(deployment, signal)
  const projects = await Promise.all(
    places
      .filter((files) => files.length > 0)
      .map((files) => {
        const place = { folder: dirname(files[0] ?? folder), files, root: folder }
        return readProject({ ...place, environment: variables }, signal)
      }),
  )
  return {
    projects,
    services: projects.flatMap(({ services }) => services),
    files: [...new Set(projects.flatMap(({ files }) => files))],
    gaps: projects.flatMap(({ gaps }) => gaps),
  }
})

/** Why not all that compose files say could be seen. */
export function gapText(gaps: readonly ComposeGap[]): string {
  return gaps.map(({ at, text }) => `${at}: ${text}`).join('; ')
}

async function foundPlaces(deployment: Deployment, signal: AbortSignal): Promise<string[][]> {
  const folders = deployment.settings.folders.map((one) => resolve(deployment.folder, one))
  const all: string[][] = []
  for (const folder of new Set(folders)) {
    all.push(...((await named(deployment, folder, signal)) ?? (await usual(folder, signal))))
  }
  return all
}

/** Files that `COMPOSE_FILE` names, in the environment or in the folder's `.env`. */
async function named(
  { variables }: Deployment,
  folder: string,
  signal: AbortSignal,
): Promise<string[][] | undefined> {
  const { text } = await readText(join(folder, '.env'), signal)
  const held = { ...(text === undefined ? {} : parseEnv(text)), ...variables }
  if (!held.COMPOSE_FILE) return undefined
  const files = held.COMPOSE_FILE.split(held.COMPOSE_PATH_SEPARATOR || ':')
  return [files.filter((file) => file !== '').map((file) => resolve(folder, file))]
}

async function usual(folder: string, signal: AbortSignal): Promise<string[][]> {
  const base = await first(folder, BASES, signal)
  const production = await first(folder, variants('prod'), signal)
  const override =
    base === undefined ? undefined : await first(folder, variants('override'), signal)
  const bases = base === undefined ? [] : [base, ...(override === undefined ? [] : [override])]
  if (production === undefined) return [bases]
  if (base === undefined || (await standsAlone(production, signal))) return [bases, [production]]
  // An overlay for production takes the place of the one for development.
  return [[base, production]]
}

function variants(word: string): string[] {
  return STEMS.flatMap((stem) => ENDINGS.map((ending) => `${stem}.${word}.${ending}`))
}

async function first(
  folder: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const name of names) {
    const file = join(folder, name)
    if ((await readText(file, signal)).missing !== 'absent') return file
  }
  return undefined
}

/** Whether each of its services says what it runs; an overlay only changes some. */
async function standsAlone(file: string, signal: AbortSignal): Promise<boolean> {
  const { text } = await readText(file, signal)
  const tree = text === undefined ? undefined : readTree(text, basename(file))
  if (tree === undefined || tree instanceof ComposeFault) return true
  const services = [...entriesOf(under(tree, 'services')).values()]
  const runs = ['image', 'build', 'extends']
  return services.every((one) => runs.some((key) => under(one, key) !== undefined))
}
