import type { Clock } from '../clock.ts'
import type { Log } from '../log/log.ts'
import type { AuditLimits, AuditLog, OutcomeStore, Store } from './store.ts'

const PROBE_MS = 2_000
const PRUNE_MS = 60 * 60_000
/** Outcomes removed at once: an embedded store does it on the serving thread. */
const OUTCOMES_MAX = 200
const OUTCOMES_PAUSE_MS = 20
/** Of one hour; what is left waits for the next. */
const OUTCOME_STEPS_MAX = 1_000

/** What of a store is looked after. */
export interface KeptStore extends Pick<Store, 'retention'> {
  readonly outcomes: Pick<OutcomeStore, 'prune'>
}

/**
 * Looks after the store: whether it can be written, and that audit log and outcomes keep their size.
 *
 * @param keep undefined where another process decides how much of the audit log is kept
 */
export function startHousekeeping(
  store: KeptStore,
  audit: AuditLog | undefined,
  keep: AuditLimits | undefined,
  { log, clock }: { readonly log: Log; readonly clock: Clock },
): Disposable {
  const stopping = new AbortController()
  let probing = false
  const probe = setInterval(() => {
    if (!audit || probing) return
    probing = true
    const before = audit.writable
    void audit
      .probe()
      .then((writable) => {
        if (writable && !before) log.info({}, 'store writable again')
        if (!writable && before) log.error({}, 'store cannot be written: calls are refused')
      })
      .finally(() => {
        probing = false
      })
  }, PROBE_MS)
  const prune = (): void => {
    if (keep !== undefined) {
      store.retention.prune(keep, stopping.signal).then(
        (rows) => {
          if (rows > 0) log.info({ rows }, 'old audit rows removed')
        },
        (err: unknown) => {
          if (!stopping.signal.aborted) log.warn({ err }, 'old audit rows could not be removed')
        },
      )
    }
    forget(store.outcomes, clock, stopping.signal).catch((err: unknown) => {
      if (!stopping.signal.aborted) log.warn({ err }, 'old outcomes could not be removed')
    })
  }
  const pruning = setInterval(prune, PRUNE_MS)
  probe.unref()
  pruning.unref()
  prune()
  return {
    [Symbol.dispose]: () => {
      clearInterval(probe)
      clearInterval(pruning)
      stopping.abort()
    },
  }
}

/** Removes the outcomes of keyed calls whose time is over, a few at once. */
async function forget(
  outcomes: KeptStore['outcomes'],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (let step = 0; step < OUTCOME_STEPS_MAX && !signal.aborted; step += 1) {
    if ((await outcomes.prune(clock.nowMs(), OUTCOMES_MAX)) < OUTCOMES_MAX) return
    await new Promise((resolve) => setTimeout(resolve, OUTCOMES_PAUSE_MS).unref())
  }
}
