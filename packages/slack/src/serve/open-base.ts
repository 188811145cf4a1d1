import { CallerJudge } from '@sallyport/kit/callers'
import type { Clock } from '@sallyport/kit/clock'
import { Credentials, type DoorDeps, Lockout, refusalRows } from '@sallyport/kit/door'
import { ByteBudget, Deadlines, LoopWatch, RateLimits } from '@sallyport/kit/limits'
import type { Log } from '@sallyport/kit/log'
import { Metrics } from '@sallyport/kit/metrics'
import {
  acquireStoreLock,
  type AuditLog,
  ChangeWatch,
  openKeyedStore,
  startHousekeeping,
  type Store,
} from '@sallyport/kit/store'
import type { SlackSettings } from '../settings/settings.ts'
import { takeWordOf } from './asserted-callers.ts'

export interface SlackServerOptions {
  readonly settings: SlackSettings
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  /** Where the audit worker lies when bundled. */
  readonly workerUrl?: URL
}

/** Everything below tools and listener. */
export interface SlackBase {
  readonly options: SlackServerOptions
  readonly store: Store
  readonly audit: AuditLog
  readonly metrics: Metrics
  /** Tells what other processes on the store change. */
  readonly watch: ChangeWatch
  readonly deadlines: Deadlines
  readonly budget: ByteBudget
  readonly loop: LoopWatch
  readonly door: DoorDeps
}

const SQLITE = 'sqlite:'
/** Of the audit log. */
const AUDIT_BYTES_MAX = 10 * 1_024 ** 3
/** Of bodies, results and unread streams. */
const BUFFERED_BYTES_MAX = 128 * 1_024 ** 2
const LOCKOUT = { failures: 20, windowMs: 60_000, holdMs: 60_000 }

/**
 * Opens the store with its audit log, and what requests are judged and counted by. Everything opened belongs to
 * `scope`.
 *
 * @throws {AppError} `store_locked`, `config_invalid`, `master_key_wrong`, `store_newer`, `store_unwritable`
 */
export async function openBase(
  options: SlackServerOptions,
  scope: AsyncDisposableStack,
): Promise<SlackBase> {
  const { clock, log } = options
  const store = await openStore(options, scope)
  const audit = scope.use(await store.openAudit({ durability: 'process' }))
  const { auditKeepMs: keepMs } = options.settings
  const keep = keepMs === undefined ? undefined : { keepMs, bytesMax: AUDIT_BYTES_MAX }
  scope.use(startHousekeeping(store, audit, keep, { log, clock }))
  const watch = scope.use(await ChangeWatch.start({ changes: store.changes, log }))
  watch.on('vault', () => store.ring.refresh())
  const metrics = new Metrics({ version: options.version, perTool: true })
  const deadlines = scope.use(new Deadlines(clock))
  const loop = scope.use(LoopWatch.start(clock))
  const budget = new ByteBudget({ totalBytesMax: BUFFERED_BYTES_MAX })
  const door = openDoorDeps(options, { audit, metrics, loop })
  return { options, store, audit, metrics, watch, deadlines, budget, loop, door }
}

async function openStore(
  { settings, clock, log, workerUrl }: SlackServerOptions,
  scope: AsyncDisposableStack,
): Promise<Store> {
  const { store: location, masterKeys } = settings
  if (location.startsWith(SQLITE)) {
    scope.use(await acquireStoreLock(location.slice(SQLITE.length)))
  }
  const keyed = scope.use(
    await openKeyedStore({
      ...{ location, masterKeys, clock, log },
      ...(workerUrl === undefined ? {} : { workerUrl }),
    }),
  )
  return keyed.store
}

function openDoorDeps(
  { settings, clock }: SlackServerOptions,
  { audit, metrics, loop }: Pick<SlackBase, 'audit' | 'metrics' | 'loop'>,
): DoorDeps {
  const { ratePerSecond, burst } = settings.limits.perPrincipal
  const keep = refusalRows({
    ...{ audit, clock },
    onRecorded: (kind) => metrics.auditAppended(kind),
    onUnrecorded: () => metrics.auditFailed(),
  })
  return {
    credentials: new Credentials(clock, settings.tokens),
    rates: new RateLimits(clock, { capacity: burst, refillPerSecond: ratePerSecond }),
    lockout: new Lockout(clock, LOCKOUT),
    overloaded: () => loop.overloaded,
    spokenFor: openCallers(settings.callers, clock),
    onRefused: (...refusal) => {
      metrics.doorRefused(refusal[0].code)
      keep(...refusal)
    },
  }
}

/** @throws {AppError} `config_invalid` for a public key that is none */
function openCallers(
  callers: SlackServerOptions['settings']['callers'],
  clock: SlackServerOptions['clock'],
): DoorDeps['spokenFor'] {
  return callers && takeWordOf(`token:${callers.token}`, new CallerJudge({ ...callers, clock }))
}
