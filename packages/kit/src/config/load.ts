import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import { DocumentCheck } from './check.ts'
import type { CommandOutputs } from './command-outputs.ts'
import { readEnvironment, type Environment } from './environment.ts'
import { mergeOver } from './overlay.ts'
import { configError, pathText, type ConfigPath, type ConfigProblem } from './problem.ts'
import { readFileText } from './read-file.ts'
import { ownReference, resolveReferences, type ReferenceDialect } from './references.ts'
import { readYaml } from './read-yaml.ts'
import { type MapNode, type SourceNode, toValue } from './source-tree.ts'

const FILE_BYTES_MAX = 1_048_576

/** Reports one problem at a node of the document, or at one of its keys. */
export type ReportAt = (
  at: Pick<SourceNode, 'place' | 'path'>,
  message: string,
  more: Partial<Pick<ConfigProblem, 'remedy' | 'severity'>>,
) => void

/** A foreign document turned into ours; nodes keep their places. */
export interface Adapted {
  readonly root: MapNode
  /** How `${...}` is read in it. */
  readonly dialect: ReferenceDialect
}

/** Reports a problem of the configuration as a whole at a path of our own keys. */
export type ReportPath = (
  path: ConfigPath,
  message: string,
  more: Partial<Pick<ConfigProblem, 'remedy' | 'severity'>>,
) => void

export interface ConfigRequest<Config> {
  /** Absolute path, or relative to the working folder of the process. */
  readonly file: string
  readonly schema: z.ZodType<Config>
  /** What the files said at another time, as `LoadedConfig.text`; read instead of them. */
  readonly text?: string | undefined
  /** What the `${command:...}` of it printed; see `LoadedConfig.commands`. */
  readonly commands?: CommandOutputs | undefined
  /** The process environment; the `.env` beside the file is added below it. */
  readonly env: Environment
  /** The file laid over this one: which key chooses it, its default, and the name beside this file. */
  readonly overlay?: {
    readonly key: string
    readonly fallback: string
    readonly fileName: (value: string) => string
  }
  /** Recognises a foreign form and turns it into ours; `undefined` = the file is our own. */
  readonly adapt?: (root: MapNode, report: ReportAt) => Adapted | undefined
  /**
   * Rules across keys. Also run on the draft of a configuration that has problems, so that all are found at
   * once; a report about something known to be wrong is dropped.
   */
  readonly rules?: (config: Config, report: ReportPath, env: Environment) => void
}

/** A key and where its author wrote it. */
export type ConfigPlace = Pick<ConfigProblem, 'path' | 'file' | 'line' | 'column'>

export type LoadedConfig<Config> = {
  /** What `${command:...}` asks for and was not given: run them, then load again with their outputs. */
  readonly commands: readonly string[]
} & (
  | {
      readonly ok: true
      readonly config: Config
      /** Warnings only. */
      readonly problems: readonly ConfigProblem[]
      readonly env: Environment
      /** The document with its references resolved. */
      readonly root: MapNode
      /** Where a path of our own keys stands in the file, or how far it goes. */
      readonly placeOf: (path: ConfigPath) => ConfigPlace
      /** Whether an adapter read the file. */
      readonly adapted: boolean
      /** The files, one laid over the other, as JSON; references as they are written, so without their values. */
      readonly text: string
      /** What was looked for: the file, its overlay and its `.env`, absolute, whether they exist or not. */
      readonly files: readonly string[]
      /**
       * Checks the same document with something changed in it: nothing is read again, and references that the
       * change brings in stay the text they are.
       */
      readonly changed: (change: (root: MapNode) => MapNode) => LoadedConfig<Config>
    }
  | {
      readonly ok: false
      readonly problems: readonly ConfigProblem[]
      /** What could be read all the same; absent where the file is no document. */
      readonly read?: ReadDocument
    }
)

/** A document as it was read, whether or not it can be used. */
export interface ReadDocument {
  /** With its references resolved, as far as they can be. */
  readonly root: MapNode
  /** As `text` of a load that went well. */
  readonly text: string
}

/**
 * Reads, overlays, resolves and checks a configuration file. Opens nothing but files, for reading. Total:
 * everything that is wrong is in `problems`, in file order, all of it at once.
 */
export function loadConfig<Config>(request: ConfigRequest<Config>): LoadedConfig<Config> {
  const file = resolve(request.file)
  const { env, problems: envProblems } = readEnvironment(file, request.env)
  const problems: ConfigProblem[] = [...envProblems]
  const base =
    request.text === undefined
      ? readDocument(file, problems)
      : readText(request.text, file, problems)
  if (base === undefined) return { ok: false, problems, commands: [] }
  const adapted = request.adapt?.(base, reportInto(problems))
  const merged = adapted ? base : withOverlay(base, { ...request, file, env }, problems)
  const root = adapted?.root ?? merged
  const wrong: ConfigPath[] = []
  const commands: string[] = []
  const resolved = resolveReferences(root, {
    dialect: adapted?.dialect ?? ownReference,
    env,
    folder: dirname(file),
    commands: request.commands,
    onCommand: (command) => commands.push(command),
    report: (node, path, { message, remedy }) => {
      reportInto(problems)(node, message, { remedy })
      wrong.push(path)
    },
  })
  if (resolved.kind !== 'map') return { ok: false, problems, commands }
  return judge(request, {
    ...{ file, env, problems, wrong, root: resolved, adapted: adapted !== undefined, commands },
    files: filesOf(base, { ...request, file, env }),
    text: JSON.stringify(toValue(merged)),
  })
}

/** A document that was read, before it is checked. */
interface Reading {
  readonly file: string
  readonly env: Environment
  readonly problems: readonly ConfigProblem[]
  /** What is known to be wrong. */
  readonly wrong: readonly ConfigPath[]
  readonly root: MapNode
  readonly adapted: boolean
  readonly files: readonly string[]
  readonly text: string
  readonly commands: readonly string[]
}

function judge<Config>(request: ConfigRequest<Config>, reading: Reading): LoadedConfig<Config> {
  const { file, env, root, adapted, files, text, commands } = reading
  const problems = [...reading.problems]
  const check = new DocumentCheck(request.schema, root, problems)
  for (const path of reading.wrong) check.markWrong(path)
  const config = check.run()
  if (config !== undefined) {
    request.rules?.(config, (path, message, more) => check.report(path, message, more), env)
  }
  const sorted = inFileOrder(problems, file)
  const failed = config === undefined || sorted.some(({ severity }) => severity === 'error')
  if (failed) return { ok: false, problems: sorted, commands, read: { root, text } }
  const placeOf = (path: ConfigPath): ConfigPlace => check.placeOf(path)
  return {
    ...{ ok: true, config, problems: sorted, env, root, placeOf, adapted, text, files, commands },
    changed: (change) => judge(request, { ...reading, root: change(root) }),
  }
}

/**
 * The configuration of a load that went well.
 *
 * @throws {AppError} `config_invalid`, with all problems as its cause
 */
export function requireConfig<Config>(loaded: LoadedConfig<Config>): Config {
  if (!loaded.ok) throw configError(loaded.problems)
  return loaded.config
}

function readDocument(
  file: string,
  problems: ConfigProblem[],
  { optional = false } = {},
): MapNode | undefined {
  const reading = readFileText(file, FILE_BYTES_MAX)
  if (!('text' in reading)) {
    if (optional && reading.missing) return undefined
    const { message, remedy } = reading
    problems.push({ severity: 'error', path: '', file, line: 0, column: 0, message, remedy })
    return undefined
  }
  return readText(reading.text, file, problems)
}

function readText(text: string, file: string, problems: ConfigProblem[]): MapNode | undefined {
  const { root, problems: found } = readYaml(text, file)
  problems.push(...found)
  return found.length > 0 ? undefined : root
}

function filesOf<Config>(base: MapNode, request: ConfigRequest<Config>): string[] {
  const over = overlayOf(base, request)
  const { file } = request
  return [file, ...(over === undefined ? [] : [over]), join(dirname(file), '.env')]
}

/** The file that is laid over this one, whether it exists or not. */
function overlayOf<Config>(
  base: MapNode,
  { file, overlay, env }: ConfigRequest<Config>,
): string | undefined {
  if (overlay === undefined) return undefined
  const chosen = choiceOf(base, overlay.key, env) ?? overlay.fallback
  // Anything else is no name, let alone a path; the schema says so.
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(chosen)) return undefined
  const over = join(dirname(file), overlay.fileName(chosen))
  return over === file ? undefined : over
}

function withOverlay<Config>(
  base: MapNode,
  request: ConfigRequest<Config>,
  problems: ConfigProblem[],
): MapNode {
  const over = request.text === undefined ? overlayOf(base, request) : undefined
  if (over === undefined) return base
  const root = readDocument(over, problems, { optional: true })
  return root === undefined ? base : mergeOver(base, root)
}

function choiceOf(base: MapNode, key: string, env: Environment): string | undefined {
  const node = base.entries.get(key)?.node
  if (node?.kind !== 'scalar') return undefined
  // Problems of this reference are reported with all the others, later.
  const report = (): void => undefined
  const found = resolveReferences(node, { dialect: ownReference, env, folder: '.', report })
  return found.kind === 'scalar' && typeof found.value === 'string' ? found.value : undefined
}

function reportInto(problems: ConfigProblem[]): ReportAt {
  return (at, message, { remedy = '', severity = 'error' }) => {
    const { file, line, column } = at.place
    problems.push({ severity, path: pathText(at.path), file, line, column, message, remedy })
  }
}

function inFileOrder(problems: readonly ConfigProblem[], file: string): ConfigProblem[] {
  const rank = (problem: ConfigProblem): number => (problem.file === file ? 0 : 1)
  return problems.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      a.file.localeCompare(b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      a.path.localeCompare(b.path),
  )
}
