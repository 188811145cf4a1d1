import { judged, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import { withConfig, withGateway } from '../needs.ts'

const DAY_MS = 86_400_000
const KEEP_MS_MIN = 30 * DAY_MS
const BYTES_MIN = 64 * 1024 ** 2

/** Every call is recorded. */
export const auditOn: Probe = {
  kind: 'probe',
  title: 'Every call is recorded before its answer leaves',
  remedy: 'remove `audit.enabled: false`',
  look: async (deployment) =>
    withConfig(deployment, ({ audit }) =>
      judged(audit.enabled ? [] : [seen('audit.enabled is false: nothing is recorded')], [
        seen(
          `calls are recorded, and survive ${audit.durability === 'power' ? 'a power cut' : 'the end of the process'}`,
        ),
      ]),
    ),
}

/** Records are kept long enough to be asked. */
export const auditKept: Probe = {
  kind: 'probe',
  title: 'Records are kept for 30 days or longer, and have room',
  remedy: 'set `audit.keep` to 30d or more, and `audit.maxSize` to 64MiB or more',
  look: async (deployment) =>
    withConfig(deployment, ({ audit: { enabled, keepMs, maxBytes } }) =>
      judged(
        [
          ...(enabled ? [] : [seen('audit.enabled is false: nothing is kept')]),
          ...(keepMs < KEEP_MS_MIN ? [seen(`audit.keep is ${keepMs / DAY_MS} days`)] : []),
          ...(maxBytes < BYTES_MIN ? [seen(`audit.maxSize is ${maxBytes} bytes`)] : []),
        ],
        [seen(`kept for ${keepMs / DAY_MS} days, up to ${maxBytes} bytes`)],
      ),
    ),
}

/** Nobody has changed the log. */
export const auditVerified: Probe = {
  kind: 'probe',
  title: 'No record was edited, removed, reordered or cut off',
  remedy:
    'find out who wrote to the store, and compare with an exported checkpoint (docs/store.md)',
  deadlineMs: 20_000,
  look: async (deployment, signal) =>
    withGateway(deployment, async (gateway) => {
      const { ok, rows, writers, broken } = await gateway.verifyAudit(signal)
      if (rows === 0) return unproved('gateway', 'there is no record yet: nobody has called')
      if (ok)
        return proved({ kind: 'gateway', text: `${rows} records of ${writers} writers are whole` })
      return {
        state: 'failed',
        evidence: broken.slice(0, 10).map(({ writer, seq, kind }): Seen => {
          return { kind: 'gateway', text: `record ${seq} of ${writer} is ${kind}` }
        }),
      }
    }),
}

function seen(text: string): Seen {
  return { kind: 'config', text }
}
