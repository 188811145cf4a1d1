import { createMac } from '@sallyport/kit/crypto'
import { FairQueue, PrincipalSlots } from '@sallyport/kit/limits'
import { NO_SERVER } from '@sallyport/kit/metrics'
import type { RunnableConfig } from './config/index.ts'
import type { FeatureDeps } from './features/feature.ts'
import type { Base } from './open-base.ts'

interface Waiting {
  readonly queue: FairQueue
  /** What it was made with. */
  readonly limits: string
}

/** What calls wait in and are counted by. Lives on when the configuration changes. */
export class CallState {
  #slots: PrincipalSlots
  #queues = new Map<string, Waiting>()

  constructor(config: RunnableConfig) {
    this.#slots = new PrincipalSlots(config.limits.perPrincipal.concurrent)
    this.apply(config)
  }

  /** Takes the bounds of another configuration; servers with the same ones keep their queue. */
  apply({ servers }: RunnableConfig): void {
    const next = new Map<string, Waiting>()
    for (const { name, inFlight, queued } of Object.values(servers)) {
      const limits = `${inFlight} ${queued}`
      const known = this.#queues.get(name)
      const kept = known?.limits === limits ? known : undefined
      const made = { inFlightMax: inFlight, queuedMax: queued }
      next.set(name, kept ?? { limits, queue: new FairQueue(made, this.#slots) })
    }
    this.#queues = next
  }

  queueOf(server: string): FairQueue {
    return (
      this.#queues.get(server)?.queue ??
      new FairQueue({ inFlightMax: 1, queuedMax: 0 }, this.#slots)
    )
  }
}

/** What the steps of every call may use, under one configuration. */
export function featureDeps(base: Base, calls: CallState, _config: RunnableConfig): FeatureDeps {
  const { audit, metrics, state, options } = base
  const argumentsMac = createMac(state.keys.deriveKey('audit/arguments'))
  return {
    clock: options.clock,
    audit,
    argumentsMac: (bytes) => argumentsMac(bytes).toString('hex'),
    queueOf: (server) => calls.queueOf(server),
    onFinished: ({ server, tool, method, outcome, durationMs }) => {
      metrics.callFinished(server === '' ? NO_SERVER : server, method, outcome, durationMs / 1_000)
      if (tool !== '') metrics.toolFinished(server, tool, outcome === 'ok')
    },
    onRecorded: (kind) => metrics.auditAppended(kind),
    onUnrecorded: () => metrics.auditFailed(),
  }
}
