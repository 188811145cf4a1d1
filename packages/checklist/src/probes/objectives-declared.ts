import { type Probe, proved, unproved } from '../answers/answer.ts'

/** The deployment says how long recovery may take and how much may be lost. */
export const objectivesDeclared: Probe = {
  kind: 'probe',
  title: 'It is declared how long recovery may take, and how much may be lost',
  remedy: 'set `checklist.objectives.rto` and `checklist.objectives.rpo`, such as 15m and 24h',
  look: async ({ settings }) => {
    const { rtoMs, rpoMs } = settings.objectives
    const missing = [
      ...(rtoMs === undefined ? ['`checklist.objectives.rto`'] : []),
      ...(rpoMs === undefined ? ['`checklist.objectives.rpo`'] : []),
    ]
    if (missing.length > 0) return unproved('config', `${missing.join(' and ')} is not set`)
    return proved({ kind: 'config', text: `rto ${rtoMs} ms, rpo ${rpoMs} ms` })
  },
}
