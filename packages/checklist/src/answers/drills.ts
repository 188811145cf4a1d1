import { calendarOf } from '../drills/calendar.ts'
import { type DrillId, needless } from '../drills/drill.ts'
import type { AnswerTable, Drilled, Finding, Probe } from './answer.ts'
import { failed, proved, type Seen, unproved } from './answer.ts'

const calendar: Probe = {
  kind: 'probe',
  title: 'Every drill was run within its time, and succeeded',
  remedy: 'run `sallyport drill --list`, then those that are overdue',
  async look(deployment): Promise<Finding> {
    if (deployment.book === undefined) {
      return unproved('drill', 'no store is there that could know of drills')
    }
    const due = await calendarOf(deployment)
    const late = due.filter(({ overdue }) => overdue)
    const faults = late.map(({ drill, lastAt, ok }): Seen => {
      const when = lastAt === null ? 'it was never run' : `its last run was at ${lastAt}`
      const how = ok === false ? ', and it failed' : ''
      return { kind: 'drill', text: `the drill ${drill} is overdue: ${when}${how}` }
    })
    if (late.some(({ ok }) => ok === false)) return failed(faults)
    if (faults.length > 0) return { state: 'unproved', evidence: faults }
    const next = due.map(({ drill, nextAt }) => `${drill} by ${nextAt}`).join(', ')
    return proved({ kind: 'drill', text: `no drill is overdue; due again: ${next}` })
  },
}

/** Drills, each by its last run, and their calendar. */
export const DRILLS = {
  'drill/failover': drilled('failover', 'The loss of a member of a group fails no call'),
  'drill/cold-start': drilled('cold-start', 'A first call to a cold server is answered in time'),
  'drill/flood': drilled(
    'flood',
    'A caller that floods is told to wait, and others notice nothing',
  ),
  'drill/auth': drilled('auth', 'No key, a wrong key and a key that may too little are refused'),
  'drill/reload': drilled('reload', 'A changed file applies, and a broken one changes nothing'),
  'drill/recover': drilled('recover', 'Servers that were killed come back by themselves'),
  'drill/keys': drilled('keys', 'A key is rotated and revoked while calls go on'),
  'drill/stop': drilled('stop', 'A stop under load loses no call'),
  'drill/stream': drilled(
    'stream',
    'A stream is held for longer than a minute through `publicUrl`',
  ),
  'drill/calendar': calendar,
} as const satisfies AnswerTable

function drilled(drill: DrillId, title: string): Drilled {
  return {
    kind: 'drill',
    drill,
    title,
    remedy: `run \`sallyport drill ${drill}\``,
    exempt: (deployment) => needless(drill, deployment),
  }
}
