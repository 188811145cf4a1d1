import { systemClock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'
import type { SessionFacts } from '@sallyport/kit/mcp'
import { CALLER, type Principal } from '@sallyport/kit/principal'
import { SessionControl, type SuspensionEntry } from '../../src/sessions/session-control.ts'

const ANN: Principal = { id: 'key:ann', kind: 'key', name: 'ann', ...CALLER }

const FACTS: SessionFacts = {
  label: '00000000000000aa',
  principal: ANN,
  client: { name: 'inspector', version: '1.2' },
  era: 'legacy',
  version: '2025-11-25',
  scope: '',
  sinceMs: 1_700_000_000_000,
  lastMs: 1_700_000_001_000,
  streams: 1,
  callsInFlight: 2,
}

/** Sessions that are only remembered, and suspensions that are only in memory. */
export function fakeSessions(log: Log) {
  const open: SessionFacts[] = [
    FACTS,
    { ...FACTS, label: '00000000000000bb', era: 'modern', client: undefined, sinceMs: 5 },
    { ...FACTS, label: '00000000000000cc', principal: { ...ANN, id: 'key:of', tenant: 'acme' } },
  ]
  const ended: string[] = []
  const credentials = new Set(['key:ann'])
  const held = new Map<string, SuspensionEntry>()
  const control = new SessionControl({
    edge: {
      openSessions: () => open,
      endSession: (label) => {
        ended.push(label)
        return true
      },
    },
    keeper: {
      isSuspended: (kind, subject) => held.has(`${kind} ${subject}`),
      list: () => [...held.values()],
      suspend: async (entry) => void held.set(`${entry.kind} ${entry.subject}`, entry),
      resume: async (kind, subject) => held.delete(`${kind} ${subject}`),
    },
    isCredential: (id) => credentials.has(id),
    clock: systemClock,
    log,
  })
  return { control, open, ended, held, credentials }
}
