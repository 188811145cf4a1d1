import { type ConfigPath, type ConfigProblem, pathText } from '@sallyport/kit/config'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type {
  ConfigEntry,
  GatewayConfigLoad,
  LeftOut,
  LoadedGatewayConfig,
  MergedConfig,
  RunnableConfig,
} from '../config/index.ts'
import { isSameValue } from '../same-value.ts'
import type { ServerChanges } from '../upstreams/upstream.ts'
import type {
  ConfigControl,
  ConfigDiff,
  Generation,
  ReloadReport,
  ReloadRequest,
} from './config-control.ts'
import { findDifferences } from './differences.ts'
import type { History } from './history.ts'
import { restartKeys } from './restart-only.ts'

type Loaded = LoadedGatewayConfig

/** How a gateway comes by its configuration. */
export interface ConfigOrigin {
  /** What it was started with. */
  readonly loaded: Loaded
  /** Reads the files again; with `text`, what they said at another time. */
  read(text?: string): GatewayConfigLoad | Promise<GatewayConfigLoad>
}

export interface ReloaderDeps {
  readonly origin: ConfigOrigin
  readonly history: History
  /** What was added over the admin API; told what of it a configuration in force leaves out. */
  readonly entries: {
    list(): readonly ConfigEntry[]
    onLeftOut(leftOut: readonly LeftOut[]): void
  }
  readonly clock: Clock
  readonly log: Log
  /** The configuration in force. */
  readonly config: () => RunnableConfig
  /** Why a configuration may not run although it is valid, one sentence; undefined = it may. */
  judge(config: RunnableConfig): Promise<string | undefined>
  /**
   * Takes over its master keys, where they are others; nothing else has changed by then.
   *
   * @throws {AppError} `master_key_wrong`, `conflict`, `store_unwritable`; then they stay
   */
  adopt(config: RunnableConfig): Promise<void>
  /** Puts it in force, in one step. */
  apply(config: RunnableConfig): {
    readonly changes: ServerChanges
    readonly drained: Promise<void>
  }
  onReload(report: ReloadReport): void
}

const NONE: ServerChanges = { kept: [], changed: [], added: [], removed: [] }

/** What is to come into force: the files as they are now, or an earlier text of them. */
interface Wish extends ReloadRequest {
  readonly text?: string
  /** The generation that `text` is of. */
  readonly of?: number
}

/** What whoever changes what was added over the admin API may do while nothing else changes. */
export interface Amending {
  /** The file as it is in force, with these beside it. Puts nothing in force. */
  merge(entries: readonly ConfigEntry[]): MergedConfig
  /** Puts that in force, in one step; what changed thereby, undefined where it was in force already. */
  enforce(merged: MergedConfig): ServerChanges | undefined
}

/**
 * Goes over to another configuration while the gateway runs: the whole new one or nothing of it. Wishes are
 * met one after the other.
 */
export class Reloader implements ConfigControl {
  readonly #deps: ReloaderDeps
  #last: ReloadReport | undefined
  /** What the file said that is in force, without what was added over the admin API. */
  #force: Loaded
  #files: readonly string[]
  /** What the files said when they were last read; not what is in force after a rollback. */
  #read: Loaded
  #queue: Promise<unknown> = Promise.resolve()

  constructor(deps: ReloaderDeps) {
    this.#deps = deps
    this.#force = deps.origin.loaded
    this.#files = deps.origin.loaded.files
    this.#read = deps.origin.loaded
  }

  /** The files that were looked for last, whether they exist or not. */
  get files(): readonly string[] {
    return this.#files
  }

  get generation(): number {
    return this.#deps.history.current
  }

  get last(): ReloadReport | undefined {
    return this.#last
  }

  reload(request: ReloadRequest): Promise<ReloadReport> {
    return this.#next(() => this.#go(request))
  }

  async diff(): Promise<ConfigDiff> {
    const load = await this.#deps.origin.read()
    if (!load.ok) return { differences: [], problems: load.problems }
    const differences = findDifferences(JSON.parse(this.#force.text), JSON.parse(load.text))
    return { differences, problems: [...load.problems, ...this.#restartProblems(load)] }
  }

  history(): Promise<readonly Generation[]> {
    return this.#deps.history.list()
  }

  show(id: number): Promise<string> {
    return this.#deps.history.show(id)
  }

  rollback(id: number | undefined, by: string): Promise<ReloadReport> {
    return this.#next(async () => {
      const { history } = this.#deps
      const wanted = id ?? (await history.before())
      if (wanted === undefined) {
        throw new AppError('not_found', 'there is no earlier generation to go back to')
      }
      const { text } = await history.text(wanted)
      return this.#go({ cause: 'rollback', by, text, of: wanted })
    })
  }

  /** Takes its turn among the reloads. */
  amend<Result>(change: (amending: Amending) => Promise<Result>): Promise<Result> {
    return this.#next(() =>
      change({
        merge: (entries) => this.#force.withEntries(entries),
        enforce: (merged) => this.#enforce(merged, { always: false }),
      }),
    )
  }

  #next<Result>(step: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(step)
    // Each caller hears of its own failure.
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #go(wish: Wish): Promise<ReloadReport> {
    const load = await this.#deps.origin.read(wish.text)
    const noticed = wish.cause === 'file' && load.ok && isRead(load, this.#read)
    if (load.ok && wish.text === undefined) {
      this.#files = load.files
      this.#read = load
    }
    // Somebody else has had it read already, and may have gone back since.
    if (noticed) return this.#report(wish, { ok: true, problems: load.problems })
    if (!load.ok) return this.#report(wish, { ok: false, problems: ofWish(wish, load.problems) })
    const merged = load.withEntries(this.#deps.entries.list())
    const found = ofWish(wish, await this.#judge(merged.load, wish))
    const problems = [...found, ...merged.leftOut.flatMap((one) => one.problems)]
    if (problems.some(({ severity }) => severity === 'error')) {
      return this.#report(wish, { ok: false, problems })
    }
    const refusal = await this.#adopt(merged.load)
    if (refusal !== undefined) {
      return this.#report(wish, { ok: false, problems: [...problems, ...ofWish(wish, [refusal])] })
    }
    const isNew = load.text !== this.#force.text
    const changes = await this.#enforceAdopted(merged, isNew)
    this.#force = load
    if (changes === undefined) return this.#report(wish, { ok: true, problems })
    if (isNew) await this.#keep(wish, load)
    return this.#report(wish, { ok: true, problems, changes })
  }

  /** Goes over to its master keys; why that is not possible, or undefined. */
  async #adopt(load: Loaded): Promise<ConfigProblem | undefined> {
    const { adopt, config } = this.#deps
    if (isSameValue(load.config.masterKey, config().masterKey)) return undefined
    try {
      await adopt(load.config)
      return undefined
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.spec.family === 'defect') throw thrown
      const { message } = thrown
      const place = { ...load.placeOf(['masterKey']), path: 'masterKey' }
      return { severity: 'error', ...place, message, remedy: 'give the new value and the old one' }
    }
  }

  /** As `#enforce`; when that refuses the master keys are again those of the configuration in force. */
  async #enforceAdopted(merged: MergedConfig, always: boolean): Promise<ServerChanges | undefined> {
    const { adopt, config } = this.#deps
    const before = config()
    try {
      return this.#enforce(merged, { always })
    } catch (thrown) {
      if (!isSameValue(merged.load.config.masterKey, before.masterKey)) await adopt(before)
      throw thrown
    }
  }

  /** What changed thereby; undefined where it was in force already. */
  #enforce(
    { load, leftOut }: MergedConfig,
    { always }: { readonly always: boolean },
  ): ServerChanges | undefined {
    const { config, apply, entries, log } = this.#deps
    const same = !always && isSameValue(load.config, config())
    const applied = same ? undefined : apply(load.config)
    entries.onLeftOut(leftOut)
    void applied?.drained.then(
      () => log.debug({}, 'servers that left the configuration have ended'),
      (err: unknown) => log.error({ err }, 'servers that left could not be ended'),
    )
    return applied?.changes
  }

  /** Warnings of the load, and what stands against its coming into force now. */
  async #judge(load: Loaded, wish: Wish): Promise<readonly ConfigProblem[]> {
    const problems = [...load.problems, ...this.#restartProblems(load)]
    const place = { severity: 'error', path: '', file: load.file, line: 0, column: 0 } as const
    if (wish.text === undefined && saysNothing(load) && load.text !== this.#force.text) {
      const message = 'the file says nothing, as one does that is being written or was cut off'
      const remedy = 'write `mcpServers: {}` to run without servers'
      return [...problems, { ...place, message, remedy }]
    }
    const reason = await this.#deps.judge(load.config)
    return reason === undefined
      ? problems
      : [...problems, { ...place, message: reason, remedy: '' }]
  }

  #restartProblems(load: Loaded): ConfigProblem[] {
    return restartKeys(this.#deps.config(), load.config).map((path: ConfigPath) => ({
      severity: 'error',
      ...load.placeOf(path),
      path: pathText(path),
      message: `\`${pathText(path)}\` cannot change while the gateway runs`,
      remedy: 'restart the gateway, or set it back to what it was',
    }))
  }

  async #keep({ cause, by }: Wish, { text, file }: Loaded): Promise<void> {
    const { history, clock, log } = this.#deps
    try {
      await history.add({ atMs: clock.nowMs(), cause, by, file, text })
    } catch (err) {
      log.warn({ err }, 'the configuration is in force but could not be added to its history')
    }
  }

  #report(
    { cause, by, of }: Wish,
    {
      ok,
      problems,
      changes,
    }: {
      readonly ok: boolean
      readonly problems: readonly ConfigProblem[]
      readonly changes?: ServerChanges
    },
  ): ReloadReport {
    const { history, clock, log, onReload } = this.#deps
    const report: ReloadReport = {
      ...{ ok, problems, cause, of: of ?? null, generation: history.current, atMs: clock.nowMs() },
      changed: changes !== undefined,
      servers: changes ?? NONE,
    }
    this.#last = report
    const fields = { cause, by, generation: report.generation, ...(of !== undefined && { of }) }
    for (const { severity, path, file, line, column, message, remedy } of problems) {
      const place = { ...fields, path, file, line, column, remedy }
      if (severity === 'error') log.error(place, `configuration refused: ${message}`)
      else log.warn(place, `configuration: ${message}`)
    }
    if (ok && changes) {
      const { added, changed, removed, kept } = changes
      const counts = { added, changed, removed, kept: kept.length }
      log.info({ ...fields, ...counts }, 'configuration in force')
    } else if (ok) log.info(fields, 'configuration unchanged')
    onReload(report)
    return report
  }
}

/** Whether the files say what they said when they were read before. */
function isRead(load: Loaded, before: Loaded): boolean {
  return load.text === before.text && isSameValue(load.config, before.config)
}

/** Keys that configure nothing by themselves. */
const SILENT_KEYS: ReadonlySet<string> = new Set(['$schema', 'version', 'environment'])

/** Whether a file configures nothing at all. The environment is no file: it cannot be cut off. */
function saysNothing({ text, files }: Loaded): boolean {
  return (
    files.length > 0 && Object.keys(Object(JSON.parse(text))).every((key) => SILENT_KEYS.has(key))
  )
}

function ofWish({ of }: Wish, problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return of === undefined ? problems : problems.map(ofGeneration(of))
}

/** What is kept of a generation stands in no file that could be looked at. */
function ofGeneration(id: number): (problem: ConfigProblem) => ConfigProblem {
  return (problem) => ({ ...problem, file: `generation ${id}`, line: 0, column: 0 })
}
