import { basename, dirname, join, relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { MISSING_TEXT, readText } from '../read-text.ts'
import {
  type ComposeReference,
  type ComposeVariables,
  interpolated,
  variable,
} from './interpolate.ts'
import { merged } from './merge.ts'
import type { ComposeGap, ComposeProject, ComposeSource, ComposeVolume } from './project.ts'
import type { ComposeEnvironment, ComposeService } from './service.ts'
import { envFilesOf, toService } from './to-service.ts'
import {
  ComposeFault,
  entriesOf,
  isTrue,
  type MapTree,
  readTree,
  textOf,
  textsOf,
  under,
} from './tree.ts'

const FILES_MAX = 50
const DEPTH_MAX = 5

/** What a project is read from. */
export interface ProjectPlace {
  /** Absolute; relative paths and `.env` are there. */
  readonly folder: string
  /** Absolute, in the order in which they are merged. */
  readonly files: readonly string[]
  /** Absolute: evidence names files relative to it. */
  readonly root: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Environment files instead of `.env`, absolute. */
  readonly envFiles?: readonly string[]
}

/** Reads a compose project. Total but for the file system: what cannot be followed becomes a gap. */
export async function readProject(
  place: ProjectPlace,
  signal: AbortSignal,
): Promise<ComposeProject> {
  const reader = new ProjectReader(place, signal, 0)
  return reader.read()
}

class ProjectReader {
  readonly #place: ProjectPlace
  readonly #signal: AbortSignal
  readonly #depth: number
  readonly #references: ComposeReference[] = []
  readonly #gaps: ComposeGap[] = []
  #variables: ComposeVariables
  #files = 0

  constructor(place: ProjectPlace, signal: AbortSignal, depth: number) {
    this.#place = place
    this.#signal = signal
    this.#depth = depth
    this.#variables = { file: {}, environment: place.environment }
  }

  async read(): Promise<ComposeProject> {
    const { folder, files, environment } = this.#place
    this.#variables = { environment, file: await this.#dotenv() }
    let tree: MapTree = { kind: 'map', at: '', entries: new Map() }
    const included: ComposeProject[] = []
    for (const file of files) {
      const own = await this.#tree(file)
      if (own === undefined) continue
      included.push(...(await this.#included(own, dirname(file))))
      tree = merged(tree, own) as MapTree // both are maps
    }
    const name =
      textOf(under(tree, 'name')) ??
      variable(this.#variables, 'COMPOSE_PROJECT_NAME') ??
      projectName(basename(folder))
    const services: ComposeService[] = []
    for (const [service, one] of entriesOf(under(tree, 'services'))) {
      if (one.kind === 'map') services.push(await this.#service(name, service, tree))
    }
    const own: ComposeProject = {
      ...{ name, folder, files, services, gaps: this.#gaps },
      secrets: this.#sources(under(tree, 'secrets')),
      configs: this.#sources(under(tree, 'configs')),
      volumes: volumesOf(under(tree, 'volumes')),
      networks: networksOf(under(tree, 'networks')),
      references: this.#references,
      variables: this.#variables,
    }
    return included.reduce(together, own)
  }

  async #dotenv(): Promise<Record<string, string | undefined>> {
    const files = this.#place.envFiles ?? [join(this.#place.folder, '.env')]
    const all: Record<string, string | undefined> = {}
    for (const file of files) {
      const reading = await readText(file, this.#signal)
      if (reading.text !== undefined) Object.assign(all, parseEnv(reading.text))
      else if (reading.missing !== 'absent' || this.#place.envFiles !== undefined) {
        this.#gap(`${this.#label(file)}:1`, `the file ${MISSING_TEXT[reading.missing]}`)
      }
    }
    return all
  }

  async #tree(file: string): Promise<MapTree | undefined> {
    const label = this.#label(file)
    this.#files += 1
    if (this.#files > FILES_MAX) {
      this.#gap(`${label}:1`, `more than ${FILES_MAX} files belong together`)
      return undefined
    }
    const reading = await readText(file, this.#signal)
    if (reading.text === undefined) {
      this.#gap(`${label}:1`, `the file ${MISSING_TEXT[reading.missing]}`)
      return undefined
    }
    const tree = readTree(reading.text, label)
    if (tree instanceof ComposeFault) {
      this.#gap(tree.at, tree.text)
      return undefined
    }
    return interpolated(tree, this.#variables, this.#references) as MapTree // of a map comes a map
  }

  async #included(tree: MapTree, folder: string): Promise<ComposeProject[]> {
    const include = under(tree, 'include')
    const projects: ComposeProject[] = []
    for (const item of include?.kind === 'list' ? include.items : []) {
      const texts = item.kind === 'scalar' ? textsOf(item) : textsOf(under(item, 'path'))
      if (texts.length === 0 || texts.some(isRemote) || this.#depth >= DEPTH_MAX) {
        this.#gap(item.at, 'what `include` names here is not on this machine')
        continue
      }
      const files = texts.map((text) => resolve(folder, text))
      const own = textOf(under(item, 'project_directory'))
      const envFiles = textsOf(under(item, 'env_file')).map((text) => resolve(folder, text))
      const place = {
        ...this.#place,
        files,
        folder: own === undefined ? dirname(files[0] ?? folder) : resolve(folder, own),
        // An included project sees the variables of the one that includes it.
        environment: { ...this.#variables.file, ...this.#variables.environment },
        ...(envFiles.length > 0 && { envFiles }),
      }
      projects.push(await new ProjectReader(place, this.#signal, this.#depth + 1).read())
    }
    return projects
  }

  async #service(project: string, name: string, tree: MapTree): Promise<ComposeService> {
    const known = this.#gaps.length
    const own = await this.#extended(name, tree, 0)
    const gap = this.#gaps.slice(known).find(({ service }) => service === name)
    const { folder } = this.#place
    return toService(name, own, {
      ...{ project, folder },
      fileEnvironment: await this.#fileEnvironment(name, own),
      passed: (variableName) => variable(this.#variables, variableName),
      gap: gap?.text,
    })
  }

  async #extended(name: string, tree: MapTree, depth: number): Promise<MapTree> {
    const own = under(tree, 'services', name)
    if (own?.kind !== 'map') return { kind: 'map', at: tree.at, entries: new Map() }
    const extend = own.entries.get('extends')
    if (extend === undefined) return own
    const from = textOf(extend) ?? textOf(under(extend, 'service'))
    const file = textOf(under(extend, 'file'))
    const path = file === undefined ? undefined : resolve(this.#place.folder, file)
    const elsewhere = path !== undefined && dirname(path) !== this.#place.folder
    const other = path === undefined || elsewhere ? tree : await this.#tree(path)
    const found =
      from === undefined || other === undefined ? undefined : under(other, 'services', from)
    if (elsewhere || found?.kind !== 'map' || from === undefined || depth >= DEPTH_MAX) {
      const text = `what \`extends\` names at ${extend.at} could not be followed`
      this.#gaps.push({ at: extend.at, text, service: name })
      return own
    }
    const base = await this.#extended(from, other ?? tree, depth + 1)
    return { ...(merged(base, own) as MapTree), at: own.at } // both are maps
  }

  async #fileEnvironment(name: string, tree: MapTree): Promise<Map<string, ComposeEnvironment>> {
    const all = new Map<string, ComposeEnvironment>()
    for (const file of envFilesOf(under(tree, 'env_file'), this.#place.folder)) {
      const reading = await readText(file.path, this.#signal)
      const label = this.#label(file.path)
      if (reading.text === undefined) {
        if (!file.required && reading.missing === 'absent') continue
        this.#gaps.push({
          at: file.at,
          text: `${label} ${MISSING_TEXT[reading.missing]}`,
          service: name,
        })
        continue
      }
      const lines = reading.text.split('\n')
      for (const [key, value] of Object.entries(parseEnv(reading.text))) {
        const line = lines.findIndex((text) =>
          text.replace(/^\s*(?:export\s+)?/, '').startsWith(key),
        )
        all.set(key, { value, from: 'file', at: `${label}:${line + 1}` })
      }
    }
    return all
  }

  #sources(tree: ReturnType<typeof under>): Map<string, ComposeSource> {
    const { folder } = this.#place
    return new Map(
      [...entriesOf(tree)].map(([name, one]) => {
        const file = textOf(under(one, 'file'))
        const source: ComposeSource = {
          file: file === undefined ? undefined : resolve(folder, file),
          environment: textOf(under(one, 'environment')),
          external: isTrue(under(one, 'external')),
          at: one.at,
        }
        return [name, source] as const
      }),
    )
  }

  #label(file: string): string {
    return relative(this.#place.root, file) || basename(file)
  }

  #gap(at: string, text: string): void {
    this.#gaps.push({ at, text })
  }
}

/** Source: Compose specification, "name": lower-case letters, digits, dashes and underscores. */
function projectName(folder: string): string {
  return folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
}

function isRemote(path: string): boolean {
  return /^(?:[a-z0-9+.-]+:\/\/|oci:|git@)/i.test(path)
}

function volumesOf(tree: ReturnType<typeof under>): Map<string, ComposeVolume> {
  const toVolume = ([name, one]: [string, NonNullable<typeof tree>]): [string, ComposeVolume] => [
    name,
    {
      driver: textOf(under(one, 'driver')),
      type: textOf(under(one, 'driver_opts', 'type')),
      external: isTrue(under(one, 'external')),
      at: one.at,
    },
  ]
  return new Map([...entriesOf(tree)].map(toVolume))
}

function networksOf(tree: ReturnType<typeof under>): ComposeProject['networks'] {
  return new Map(
    [...entriesOf(tree)].map(([name, one]) => [
      name,
      { internal: isTrue(under(one, 'internal')), at: one.at },
    ]),
  )
}

/** An included project is part of the one that includes it. */
function together(own: ComposeProject, included: ComposeProject): ComposeProject {
  const services = included.services.filter(({ name }) =>
    own.services.every((service) => service.name !== name),
  )
  return {
    ...own,
    services: [...own.services, ...services.map((service) => ({ ...service, project: own.name }))],
    secrets: new Map([...included.secrets, ...own.secrets]),
    configs: new Map([...included.configs, ...own.configs]),
    volumes: new Map([...included.volumes, ...own.volumes]),
    networks: new Map([...included.networks, ...own.networks]),
    references: [...own.references, ...included.references],
    gaps: [...own.gaps, ...included.gaps],
  }
}
