import { createMac } from '@sallyport/kit/crypto'
import { type Deadlines, type FairQueue, RateLimits } from '@sallyport/kit/limits'
import { NO_SERVER } from '@sallyport/kit/metrics'
import type { RunnableConfig } from './config/index.ts'
import { ServerQueues } from './features/admit/server-queues.ts'
import type { FeatureDeps } from './features/feature.ts'
import { KeyedCalls } from './features/once/keyed-calls.ts'
import type { Quotas } from './features/quota/quotas.ts'
import { budgetsOf } from './features/results/budgets.ts'
import { GivenBytes } from './features/results/given-bytes.ts'
import { KeptResults } from './features/results/kept-results.ts'
import type { Base } from './open-base.ts'

/** As of what the door refuses. */
const REFUSAL_ROWS_PER_SECOND = 10

/** What calls wait in and are counted by. Lives on when the configuration changes. */
export class CallState implements Disposable {
  readonly quotas: Quotas
  readonly kept: KeptResults
  readonly given: GivenBytes
  /** Rows that are kept of calls which limits refused, by principal. */
  readonly refusals: RateLimits
  readonly #queues: ServerQueues

  constructor({ options, budget, quotas }: Base, deadlines: Deadlines) {
    const { clock, config } = options
    this.quotas = quotas
    this.kept = new KeptResults({
      ...{ clock, deadlines, reserve: (id) => budget.reserve(id) },
      bytesMax: config.limits.bufferedBytes / 2,
    })
    this.given = new GivenBytes(clock)
    this.refusals = new RateLimits(clock, {
      ...{ capacity: REFUSAL_ROWS_PER_SECOND, refillPerSecond: REFUSAL_ROWS_PER_SECOND },
    })
    this.#queues = new ServerQueues(config, (server) => quotas.bounds.queueSlots(server))
  }

  /** Takes the bounds of another configuration; who waits goes on waiting. */
  apply(config: RunnableConfig): void {
    this.quotas.apply(config)
    this.#queues.apply(config)
  }

  queueOf(server: string): FairQueue {
    return this.#queues.of(server)
  }

  /** Forgets what waits for a principal whose credential is no longer valid. */
  endPrincipal(principalId: string): void {
    this.kept.endPrincipal(principalId)
  }

  [Symbol.dispose](): void {
    this.kept[Symbol.dispose]()
  }
}

/** What the steps of every call may use, under one configuration. */
export function featureDeps(base: Base, calls: CallState, config: RunnableConfig): FeatureDeps {
  const { audit, metrics, state, options } = base
  const argumentsMac = createMac(state.keys.deriveKey('audit/arguments'))
  return {
    clock: options.clock,
    isSuspended: (...asked) => base.identity.suspensions.isSuspended(...asked),
    stepUp: (...asked) => base.tokens.stepUp(...asked),
    audit,
    argumentsMac: (bytes) => argumentsMac(bytes).toString('hex'),
    queueOf: (server) => calls.queueOf(server),
    ...{ quotas: calls.quotas, kept: calls.kept, given: calls.given },
    budgets: budgetsOf(config),
    keyed: keyedCalls(base, config),
    onFinished: ({ server, tool, method, tenant, outcome, durationMs }) => {
      metrics.callFinished(server === '' ? NO_SERVER : server, method, outcome, durationMs / 1_000)
      if (tool !== '') metrics.toolFinished(server, tool, outcome === 'ok')
      if (tenant !== null) metrics.tenantFinished(tenant, outcome)
    },
    keepsRefusal: (principalId) => calls.refusals.take(principalId).allowed,
    onRecorded: (kind) => metrics.auditAppended(kind),
    onUnrecorded: () => metrics.auditFailed(),
  }
}

function keyedCalls(
  { state, keeper, metrics, options }: Base,
  { limits }: RunnableConfig,
): KeyedCalls {
  const mac = createMac(state.keys.deriveKey('once/arguments'))
  return new KeyedCalls({
    store: state.store.outcomes,
    keeper,
    argumentsMac: (bytes) => mac(bytes).toString('hex'),
    clock: options.clock,
    limits: { ...limits.idempotency, waitingMs: limits.questions.timeoutMs },
    onDecided: (outcome) => metrics.stayUp.keyedCall(outcome),
  })
}
