import { type Probe, proved, unproved } from '../answers/answer.ts'
import { timeText } from '../looks/bytes-of.ts'

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
    if (missing.length > 0) {
      const are = missing.length > 1 ? 'are' : 'is'
      return unproved('config', `${missing.join(' and ')} ${are} not set`)
    }
    return proved({ kind: 'config', text: `rto ${told(rtoMs)}, rpo ${told(rpoMs)}` })
  },
}

function told(ms = 0): string {
  return ms < 120_000 ? `${ms / 1_000} s` : timeText(ms)
}
