import { CallerSigner } from '@sallyport/kit/callers'
import { randomBytes } from 'node:crypto'
import type { Clock } from '@sallyport/kit/clock'
import { Sealer } from '@sallyport/kit/crypto'
import { type DoorDeps, Lockout, refusalRows } from '@sallyport/kit/door'
import { ByteBudget, LoopWatch, RateLimits } from '@sallyport/kit/limits'
import { Metrics } from '@sallyport/kit/metrics'
import { type AuditLog, type KeyRecord, startHousekeeping } from '@sallyport/kit/store'
import { openTracer, type Tracer } from '@sallyport/kit/tracing'
import { type Checklist, openChecklist } from './checklist/open-checklist.ts'
import { openEvents, type Telling } from './events/open-events.ts'
import { OutcomeKeeper } from '@sallyport/kit/once'
import { Quotas } from './features/quota/quotas.ts'
import { Identity } from './identity/identity.ts'
import { KeyControl } from './secrets/key-control.ts'
import { Settings } from './settings.ts'
import type { GatewayOptions } from './start.ts'
import type { State } from './state.ts'
import { Tokens } from './tokens/tokens.ts'

/** Everything below MCP itself. */
export interface Base {
  readonly options: GatewayOptions
  /** Bounds of what lives on when the configuration changes. */
  readonly settings: Settings
  /** Who may call, and what they may do. */
  readonly identity: Identity
  readonly state: State
  /** The keys of the store. */
  readonly secrets: KeyControl
  readonly audit: AuditLog | undefined
  /** The calls with an idempotency key that this process makes. */
  readonly keeper: OutcomeKeeper
  /** Rates, daily quotas and what each principal uses. */
  readonly quotas: Quotas
  readonly metrics: Metrics
  readonly tracer: Tracer
  /** Tokens of identity providers. */
  readonly tokens: Tokens
  /** Vouches for callers to servers that are told of them. */
  readonly callers: CallerSigner
  readonly door: DoorDeps
  /** How many keys may be used now. */
  usableKeys(): Promise<number>
  readonly budget: ByteBudget
  readonly loop: LoopWatch
  /** Who tells what happens, and to whom. */
  readonly telling: Telling
  readonly checklist: Checklist
}

/** Opens audit log, credentials, limits and metrics; everything opened belongs to `scope`. */
export async function openBase(
  state: State,
  options: GatewayOptions,
  scope: AsyncDisposableStack,
): Promise<Base> {
  const { config, clock, log } = options
  const { limits, tracing } = config
  const { version } = options
  const settings = new Settings(config)
  const environment = process.env
  // First, so that the last call's trace leaves too.
  const tracer = scope.use(await openTracer({ options: tracing, environment, version, clock, log }))
  const metrics = new Metrics({
    version,
    perTool: config.metrics.perTool,
    perTenant: config.metrics.perTenant,
  })
  if (!config.audit.enabled) log.warn({}, 'audit is switched off: calls leave no record')
  const audit = config.audit.enabled
    ? scope.use(await state.store.openAudit({ durability: config.audit.durability }))
    : undefined
  scope.use(startHousekeeping(state.store, audit, settings.retention, { log, clock }))
  const keeper = scope.use(openKeeper(state, options))
  const { perPrincipal, perTenant } = limits
  const quotas = scope.use(
    await Quotas.open({
      ...{ clock, log, store: state.store.usage, perPrincipal, perTenant },
      onRefused: (kind) => metrics.stayUp.quotaRefused(kind),
    }),
  )
  const loop = scope.use(LoopWatch.start(clock))
  const identity = scope.use(await Identity.open({ store: state.store, config, clock, log }))
  const streamsMax = (): number => settings.config.limits.eventStreams
  const telling = openEvents(options, identity, streamsMax, scope)
  const secrets = scope.use(new KeyControl({ ...state, config: () => settings.config, clock, log }))
  identity.watch.on('vault', () => secrets.refresh())
  const { grants } = identity
  const onExpired = (principalId: string): void =>
    identity.settle({ ended: [principalId], renewed: [] })
  const tokens = scope.use(new Tokens({ state, options, grants, onExpired }))
  identity.watch.on('subjects', async () =>
    identity.settle({ ended: await tokens.forgetErased(), renewed: [] }),
  )
  identity.onRegrant(() => identity.settle({ ended: [], renewed: tokens.judge.regrant() }))
  const checklist = openChecklist({ state, options, metrics, watch: identity.watch }, scope)
  const door: DoorDeps = {
    credentials: identity.credentials,
    tokens: [tokens.judge],
    isSuspended: (principalId) => identity.suspensions.isSuspended('principal', principalId),
    rates: new RateLimits(clock, settings.rate),
    lockout: new Lockout(clock, settings.lockout),
    overloaded: () => loop.overloaded,
    onRefused: createRefusalRecorder({ audit, metrics, clock, quotas }),
  }
  const budget = new ByteBudget({ totalBytesMax: limits.bufferedBytes })
  return {
    ...{ options, settings, identity, state, audit, keeper, quotas, metrics, tracer },
    callers: new CallerSigner(state.keys.deriveKey('callers'), options.clock),
    ...{ tokens, secrets, door, budget, loop, telling, checklist },
    usableKeys: async () => countUsable(await state.store.keys.list(), clock.nowMs()),
  }
}

function openKeeper(state: State, { clock, log }: GatewayOptions): OutcomeKeeper {
  return new OutcomeKeeper({
    store: state.store.outcomes,
    sealer: new Sealer(state.keys, 'once'),
    clock,
    log,
    claimant: randomBytes(12).toString('base64url'),
  })
}

/** How many of these keys may be used now. */
export function countUsable(keys: readonly KeyRecord[], nowMs: number): number {
  return keys.filter(({ revokedAtMs, expiresAtMs }) => {
    return revokedAtMs === null && (expiresAtMs === null || expiresAtMs > nowMs)
  }).length
}

/** Counts what the door refuses, and keeps a bounded number of rows of it. */
function createRefusalRecorder({
  audit,
  metrics,
  clock,
  quotas,
}: Pick<Base, 'audit' | 'metrics' | 'quotas'> & { readonly clock: Clock }): DoorDeps['onRefused'] {
  const keep =
    audit &&
    refusalRows({
      ...{ audit, clock },
      onRecorded: (kind) => metrics.auditAppended(kind),
      onUnrecorded: () => metrics.auditFailed(),
    })
  return (...refusal) => {
    const [error, , principal] = refusal
    metrics.doorRefused(error.code)
    if (principal) quotas.usage.doorRefused(principal.id, error.code)
    keep?.(...refusal)
  }
}
