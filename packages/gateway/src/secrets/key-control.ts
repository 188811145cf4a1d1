import { randomBytes } from 'node:crypto'
import type { Clock } from '@sallyport/kit/clock'
import { type FileKeys, MasterKeys, readKeyFile } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { keyFileOf, type Store } from '@sallyport/kit/store'
import type { RunnableConfig } from '../config/index.ts'
import { type DataRotation, rotateDataKey } from './rotate-data-key.ts'
import { type MasterRotation, rotateMasterKey } from './rotate-master-key.ts'

/** Of a process that rotates: another one may take over that long after it was killed. */
const TURN_MS = 30_000
const RENEW_MS = 10_000
/** Beyond the longest life of anything sealed: a day of sessions and an hour. */
const RETIRED_MS_MIN = 25 * 3_600_000
const HOUR_MS = 3_600_000

/** How long what is sealed may be good for. */
export interface KeyLimits {
  readonly limits: {
    readonly session: Pick<RunnableConfig['limits']['session'], 'totalMs'>
    readonly idempotency: Pick<RunnableConfig['limits']['idempotency'], 'keepMs'>
  }
}

export interface KeyControlDeps {
  readonly store: Pick<Store, 'kind' | 'ring' | 'sealed'>
  readonly master: MasterKeys
  /** Undefined where the master key is configured. */
  readonly keyFile: string | undefined
  /** The configuration in force. */
  readonly config: () => KeyLimits
  readonly clock: Clock
  readonly log: Log
  /** How long other processes on the store may take to learn of a key, milliseconds; 3,000 by default. */
  readonly learnMs?: number
}

/** Who has keys rotated. */
export interface RotationBy {
  /** Principal id. */
  readonly by: string
  /** Empty where it was no request. */
  readonly requestId: string
}

/** What a rotation did. */
export interface RotationReport {
  readonly masterKey: MasterRotation
  readonly dataKey: Omit<DataRotation, 'rows'>
  readonly rows: DataRotation['rows']
  readonly tookMs: number
}

/**
 * The keys of a store while it is used: goes over to other master keys and rotates, while everything sealed
 * stays good. Disposing waits for a rotation under way, which stops at its next step; a later one goes on.
 */
export class KeyControl implements AsyncDisposable {
  readonly #deps: KeyControlDeps
  readonly #life = new AbortController()
  #keyFile: string | undefined
  #rotation: Promise<unknown> | undefined
  /** The part of a rotation that concerns the master key. */
  #mastering: Promise<unknown> | undefined
  #isForeign = false

  constructor(deps: KeyControlDeps) {
    this.#deps = deps
    this.#keyFile = deps.keyFile
  }

  /**
   * Takes over the master keys of another configuration: what is in the store is sealed with the first.
   *
   * @throws {AppError} `master_key_wrong` when none of them opens it, and what reading a key file throws; then
   *   nothing has changed
   */
  async adopt(config: Pick<RunnableConfig, 'masterKey' | 'store'>): Promise<void> {
    const { store, master, log } = this.#deps
    const file = config.masterKey ? undefined : keyFileOf(config.store)
    const keys = config.masterKey
      ? MasterKeys.parse(config.masterKey)
      : MasterKeys.parse(await requireKeys(file))
    await this.#mastering?.catch(() => undefined) // who rotates hears of it
    const resealed = await store.ring.adopt(keys)
    master.replace(keys)
    this.#keyFile = file
    this.#isForeign = false
    log.info({ resealed, values: keys.count }, 'master key taken over')
  }

  /** Reads what another process changed; never throws for a master key that only the other one has yet. */
  async refresh(): Promise<void> {
    try {
      await this.#deps.store.ring.refresh()
      this.#isForeign = false
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'master_key_wrong') throw thrown
      if (!this.#isForeign) {
        this.#deps.log.error(
          {},
          'another gateway on this store has a newer masterKey: reload this one with both values',
        )
      }
      this.#isForeign = true
    }
  }

  /**
   * Rotates the master key where it is ours to make, and the key of the data. Who asked need not wait for it.
   *
   * @throws {AppError} `conflict` while another rotation runs, here or in another process; `master_key_wrong`,
   *   `store_unwritable`, `shutting_down`. What was done until then stays done, and nothing is lost
   */
  async rotate(by: RotationBy): Promise<RotationReport> {
    if (this.#life.signal.aborted) throw new AppError('shutting_down', 'the gateway stops')
    if (this.#rotation !== undefined) throw busy()
    const rotation = this.#inTurn(() => this.#rotate(by))
    this.#rotation = rotation
    try {
      return await rotation
    } finally {
      this.#rotation = undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new AppError('shutting_down', 'the gateway stops'))
    await this.#rotation?.catch(() => undefined) // its caller hears of it
  }

  async #rotate({ by, requestId }: RotationBy): Promise<RotationReport> {
    const { store, master, clock, log } = this.#deps
    const startedMs = clock.monotonicMs()
    const { signal } = this.#life
    await store.ring.refresh()
    const { rows, ...dataKey } = await rotateDataKey(
      {
        ...{ ring: store.ring, sealed: store.sealed, clock, log },
        // An embedded store has one process.
        learnMs: store.kind === 'sqlite' ? 0 : (this.#deps.learnMs ?? 3_000),
        retiredMs: this.#retiredMs(),
      },
      signal,
    )
    const mastering = rotateMasterKey({ ring: store.ring, master, log }, this.#keyFile)
    this.#mastering = mastering
    const masterKey = await mastering
    const tookMs = Math.round(clock.monotonicMs() - startedMs)
    log.info({ by, requestId, masterKey: masterKey.rotated, ...dataKey, tookMs }, 'keys rotated')
    return { masterKey, dataKey, rows, tookMs }
  }

  /** Nothing that clients hold or that is kept for a while may outlive the key it was sealed with. */
  #retiredMs(): number {
    const { session, idempotency } = this.#deps.config().limits
    return Math.max(RETIRED_MS_MIN, session.totalMs + HOUR_MS, idempotency.keepMs + HOUR_MS)
  }

  /** One process at a time. An embedded store has one anyway, which may have been killed a moment ago. */
  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const { store, clock, log } = this.#deps
    if (store.kind === 'sqlite') return await run()
    const holder = randomBytes(8).toString('hex')
    const take = (): Promise<boolean> => {
      const nowMs = clock.nowMs()
      return store.ring.takeTurn(holder, nowMs, nowMs + TURN_MS)
    }
    if (!(await take())) throw busy()
    const timer = setInterval(() => {
      take().catch((err: unknown) => log.warn({ err }, 'the turn to rotate was not renewed'))
    }, RENEW_MS)
    timer.unref()
    try {
      return await run()
    } finally {
      clearInterval(timer)
      await store.ring.endTurn(holder)
    }
  }
}

function busy(): AppError {
  return new AppError(
    'conflict',
    'keys are being rotated already; wait for that to end, or half a minute when its process was killed',
  )
}

async function requireKeys(file: string | undefined): Promise<FileKeys> {
  const keys = file === undefined ? undefined : await readKeyFile(file)
  if (keys !== undefined) return keys
  throw new AppError(
    'master_key_wrong',
    file === undefined
      ? 'masterKey cannot be left out with PostgreSQL; set it to the one in force, or to a new one and that'
      : `masterKey is left out and there is no key file ${file}; set masterKey to the one in force`,
  )
}
