import type { Log } from '@sallyport/kit/log'
import type { AuditLimits, AuditLog, Store } from '@sallyport/kit/store'

const PROBE_MS = 2_000
const PRUNE_MS = 60 * 60_000

/** Looks after the store: whether it can be written, and that the audit log keeps its size. */
export function startHousekeeping(
  store: Pick<Store, 'retention'>,
  audit: AuditLog | undefined,
  keep: AuditLimits,
  log: Log,
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
    store.retention.prune(keep, stopping.signal).then(
      (rows) => {
        if (rows > 0) log.info({ rows }, 'old audit rows removed')
      },
      (err: unknown) => {
        if (!stopping.signal.aborted) log.warn({ err }, 'old audit rows could not be removed')
      },
    )
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
