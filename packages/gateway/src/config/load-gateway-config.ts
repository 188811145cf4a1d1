import { dirname, isAbsolute, join, resolve } from 'node:path'
import {
  gatewayConfig,
  isPem,
  type GatewayConfig,
  type ServerConfig,
  type SlackConfig,
} from '@sallyport/contract/config'
import {
  type CommandOutputs,
  loadConfig,
  pathText,
  type ConfigPath,
  type ConfigPlace,
  type ConfigProblem,
  type Environment,
  type LoadedConfig,
  type ReadDocument,
  type ReportPath,
} from '@sallyport/kit/config'
import { Secret } from '@sallyport/kit/secret'
import { adaptClientFile } from './client-file.ts'
import type { ConfigSource } from './find-config.ts'
import { anchorIssuers, lookUpIssuers } from './issuer-rules.ts'
import { readInstances } from './instances.ts'
import { lookUpAllowed, lookUpServers } from './lookups.ts'
import {
  type ConfigEntry,
  leave,
  type LeftOut,
  mergeEntries,
  withEntries,
} from './merge-entries.ts'
import { restrictServers } from './restricted-server.ts'
import { applyRules, masterKeyTexts } from './rules.ts'
import { stateFolder } from './state-folder.ts'

/** A configuration ready to run: all paths absolute, the store always named. */
export type RunnableConfig = GatewayConfig & { readonly store: string }

export type GatewayConfigLoad =
  | LoadedGatewayConfig
  | {
      readonly ok: false
      readonly problems: readonly ConfigProblem[]
      readonly file: string
      readonly commands: readonly string[]
      /** What could be read of the file all the same. */
      readonly read?: ReadDocument
    }

export interface LoadedGatewayConfig {
  readonly ok: true
  /** What `${command:...}` asks for and was not given; see `withCommands`. */
  readonly commands: readonly string[]
  readonly config: RunnableConfig
  /** Warnings only. */
  readonly problems: readonly ConfigProblem[]
  /** Absolute path, or `environment` for `INSTANCES`. */
  readonly file: string
  /** Where a path of the file's keys stands; without line and column where there is no file. */
  readonly placeOf: (path: ConfigPath) => ConfigPlace
  /** The folder for what this configuration keeps outside its store; not made here. */
  readonly stateFolder: string
  /** What was read, as JSON, references as they are written; `{}` for the environment. */
  readonly text: string
  /** The files it came from, whether they exist or not; none for the environment. */
  readonly files: readonly string[]
  /** The same with what was added over the admin API, as far as that may be. Reads no file. */
  readonly withEntries: (entries: readonly ConfigEntry[]) => MergedConfig
}

/** A configuration of a file with what was added over the admin API. */
export interface MergedConfig {
  readonly load: LoadedGatewayConfig
  readonly leftOut: readonly LeftOut[]
}

export interface GatewayConfigRequest {
  readonly source: Exclude<ConfigSource, { kind: 'none' }>
  /** The process environment. */
  readonly env: Environment
  /** Working folder of the process. */
  readonly cwd: string
  /** What the files said at another time, as `text` of a load; read instead of them. */
  readonly text?: string | undefined
  /** What the commands of its references printed. */
  readonly commands?: CommandOutputs | undefined
}

/**
 * Loads what {@link findConfig} found, with every rule that can be judged before anything opens. Total: all
 * problems are in the result, at once.
 */
export function loadGatewayConfig(request: GatewayConfigRequest): GatewayConfigLoad {
  return load(request, () => undefined)
}

/**
 * The same load, and a look whether programs, folders, certificates and key sets are there. Opens nothing
 * that can change.
 */
export function validateConfig(request: GatewayConfigRequest): GatewayConfigLoad {
  return load(request, ({ servers, auth, api, folder }, report, env) => {
    lookUpServers(servers, report, env)
    lookUpAllowed(api, report, { folder, env })
    lookUpIssuers(auth.issuers, report)
  })
}

type LookUp = (
  config: Pick<GatewayConfig, 'servers' | 'auth' | 'api'> & { readonly folder: string },
  report: ReportPath,
  env: Environment,
) => void

function load(request: GatewayConfigRequest, lookUp: LookUp): GatewayConfigLoad {
  const { source, env, cwd, text, commands } = request
  return source.kind === 'file'
    ? loadFile({ file: source.file, text, env, commands }, lookUp)
    : loadInstances(env, cwd)
}

interface FileRequest {
  readonly file: string
  readonly text: string | undefined
  readonly env: Environment
  readonly commands: CommandOutputs | undefined
}

function loadFile(
  { file, text: earlier, env, commands: outputs }: FileRequest,
  lookUp: LookUp,
): GatewayConfigLoad {
  const folder = dirname(file)
  const rules = (config: GatewayConfig, report: ReportPath, merged: Environment): void => {
    applyRules(config, report, merged)
    lookUp({ ...anchor(config, folder), api: config.api, folder }, report, merged)
  }
  const loaded = loadConfig({
    file,
    schema: gatewayConfig,
    text: earlier,
    env,
    commands: outputs,
    overlay: {
      key: 'environment',
      fallback: 'local',
      fileName: (environment) => `sallyport.${environment}.yaml`,
    },
    adapt: adaptClientFile(file),
    rules,
  })
  if (!loaded.ok) return { ...loaded, file }
  return toLoad(loaded, { config: loaded.config, base: loaded, file, folder })
}

type LoadedFile = Extract<LoadedConfig<GatewayConfig>, { ok: true }>

interface Completion {
  /** With what was added over the admin API. */
  readonly config: GatewayConfig
  /** The file alone. */
  readonly base: LoadedFile
  readonly file: string
  readonly folder: string
}

function toLoad(loaded: LoadedFile, completion: Completion): LoadedGatewayConfig {
  const { config, file, folder } = completion
  const { problems, placeOf, text, files, env, commands } = loaded
  return {
    ...{ ok: true, problems, file, placeOf, text, files, commands },
    config: complete(config, { folder, identity: file, env }),
    stateFolder: stateFolder(file, env),
    withEntries: (entries) => merge(completion, entries),
  }
}

function merge(completion: Completion, entries: readonly ConfigEntry[]): MergedConfig {
  const { base, folder } = completion
  return mergeEntries(entries, {
    root: base.root,
    entriesMax: base.config.api.entries,
    extend: (some) => {
      const extended = base.changed((root) => withEntries(root, some))
      if (!extended.ok) return extended
      const own = some.filter(({ kind }) => kind === 'server').map(({ name }) => name)
      const servers = restrictServers(extended.config, new Set(own), { folder, env: base.env })
      const config = { ...extended.config, servers }
      return { ok: true, config, load: toLoad(extended, { ...completion, config }) }
    },
  })
}

function loadInstances(env: Environment, cwd: string): GatewayConfigLoad {
  const file = 'environment'
  const { config, problems } = readInstances(env)
  if (config === undefined) return { ok: false, problems, file, commands: [] }
  const warnings: ConfigProblem[] = []
  const report: ReportPath = ([path = ''], message, { severity = 'error', remedy = '' }) => {
    warnings.push({ severity, path: String(path), file, line: 0, column: 0, message, remedy })
  }
  applyRules(config, report, env)
  if (warnings.some(({ severity }) => severity === 'error')) {
    return { ok: false, problems: warnings, file, commands: [] }
  }
  const identity = `instances:${cwd}:${config.listen.port}`
  const runnable = complete(config, { folder: cwd, identity, env })
  const folderOfState = stateFolder(identity, env)
  const placeOf = (path: ConfigPath) => ({ path: pathText(path), file, line: 0, column: 0 })
  const alone: LoadedGatewayConfig = {
    ok: true,
    config: runnable,
    problems: warnings,
    file,
    placeOf,
    stateFolder: folderOfState,
    text: '{}',
    files: [],
    commands: [],
    withEntries: (entries) => ({ load: alone, leftOut: entries.map(withoutFile) }),
  }
  return alone
}

function withoutFile(entry: ConfigEntry): LeftOut {
  const message = 'a gateway that runs from INSTANCES has no configuration to add to'
  return leave(entry, 'conflict', message, { remedy: 'run it from a file' })
}

interface Anchor {
  /** What relative paths start from. */
  readonly folder: string
  /** What the state of a configuration without a store belongs to. */
  readonly identity: string
  readonly env: Environment
}

function complete(config: GatewayConfig, { folder, identity, env }: Anchor): RunnableConfig {
  const fallback = `sqlite:${join(stateFolder(identity, env), 'sallyport.db')}`
  const store = config.store === undefined ? fallback : anchorStore(config.store, folder)
  const keys = masterKeyTexts(env).map((text) => new Secret(text))
  const masterKey = config.masterKey ?? (keys.length > 0 ? keys : undefined)
  return { ...config, store, masterKey, ...anchor(config, folder) }
}

function anchor(
  { servers, auth, slack }: GatewayConfig,
  folder: string,
): Pick<GatewayConfig, 'servers' | 'auth' | 'slack'> {
  return {
    slack: slack && anchorSlack(slack, folder),
    servers: anchorServers(servers, folder),
    auth: { ...auth, issuers: anchorIssuers(auth.issuers, folder) },
  }
}

function anchorSlack(slack: SlackConfig, folder: string): SlackConfig {
  const { apps, uploads } = slack
  const anchored = { ...uploads, folder: uploads.folder && resolve(folder, uploads.folder) }
  return { ...slack, apps: apps && resolve(folder, apps), uploads: anchored }
}

/** A store whose path is absolute. @param folder what a relative path starts from */
export function anchorStore(store: string, folder: string): string {
  const scheme = 'sqlite:'
  return store.startsWith(scheme) ? scheme + resolve(folder, store.slice(scheme.length)) : store
}

function anchorServers(
  servers: Readonly<Record<string, ServerConfig>>,
  folder: string,
): Record<string, ServerConfig> {
  const anchored = Object.entries(servers).map(([name, server]) => [
    name,
    anchorServer(server, folder),
  ])
  return Object.fromEntries(anchored)
}

function anchorServer(server: ServerConfig, folder: string): ServerConfig {
  if (server.kind === 'stdio') {
    const { command } = server
    // A bare name is looked up on PATH; anything with a slash is a path.
    const path = /[/\\]/.test(command) && !isAbsolute(command) ? resolve(folder, command) : command
    return { ...server, command: path, cwd: resolve(folder, server.cwd) }
  }
  if (server.tls === undefined) return server
  const { ca, cert, key } = server.tls
  const anchor = (pem: string): string => (isPem(pem) ? pem : resolve(folder, pem))
  return {
    ...server,
    tls: {
      ca: ca && anchor(ca),
      cert: cert && anchor(cert),
      key: key && new Secret(anchor(key.reveal())),
    },
  }
}
