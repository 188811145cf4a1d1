import { ManualClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import { expect, test } from 'vitest'
import { Events, type GatewayEvent } from './events.ts'

function open() {
  const logged: string[] = []
  const log = {
    ...silentLog,
    error: (_fields: object, message: string) => void logged.push(message),
  }
  return { events: new Events(new ManualClock(), log), logged }
}

function emit(events: Events, count: number): void {
  for (let at = 0; at < count; at += 1) {
    events.emit({ type: 'server.state', server: 'files', facts: { at } })
  }
}

const ats = (events: readonly GatewayEvent[]): unknown[] =>
  events.map(({ item }) => item.facts['at'])

test('a listener that throws harms neither who tells nor the others [events/harmless]', () => {
  const { events, logged } = open()
  const heard: string[] = []
  events.listen(() => {
    throw new Error('broken')
  })
  const unlisten = events.listen(({ item }) => heard.push(item.type))
  emit(events, 1)
  unlisten()
  emit(events, 1)
  expect(heard).toEqual(['server.state'])
  expect(logged).toEqual(['event could not be told', 'event could not be told'])
})

test('gives what came after an event, each once and in order [events/resume]', () => {
  const { events } = open()
  const ids: string[] = []
  events.listen(({ id }) => ids.push(id))
  emit(events, 5)
  expect(new Set(ids).size).toBe(5)
  const after = events.after(ids[1] ?? '')
  expect([ats(after.events), after.lost]).toEqual([[2, 3, 4], 0])
  expect(events.after(ids[4] ?? '')).toEqual({ events: [], lost: 0 })
})

test('keeps the last 1,000 and says how many are gone [events/resume]', () => {
  const { events } = open()
  const ids: string[] = []
  events.listen(({ id }) => ids.push(id))
  emit(events, 3_456)
  const first = events.after(ids[0] ?? '')
  expect([first.events.length, first.lost]).toEqual([1_000, 2_455])
  expect(ats(first.events)[0]).toBe(2_456)
  expect(events.after(ids[2_455] ?? '').lost).toBe(0)
  expect(events.after(ids[2_454] ?? '').lost).toBe(1)
})

test.each(['', 'x', '0', "' or 1=1 --", '00000000-1', 'a'.repeat(10_000)])(
  'after %.20j, which no event has, all that is kept comes, with a gap of unknown size [events/resume]',
  (id) => {
    const { events } = open()
    emit(events, 3)
    const { events: kept, lost } = events.after(id)
    expect([kept.length, lost]).toEqual([3, null])
  },
)

test('an id of the future is none of ours', () => {
  const { events } = open()
  let last = ''
  events.listen(({ id }) => (last = id))
  emit(events, 2)
  expect(events.after(last.replace(/\d+$/, '9')).lost).toBe(null)
})
