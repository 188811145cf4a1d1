import { expect, test } from 'vitest'
import { cronGapMs, spanMs, timerGapMs } from './rhythm.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Date.parse('2026-11-20T10:00:00Z')

test.each([
  ['0 3 * * *', 24],
  ['*/15 * * * *', 0.25],
  ['30 2,14 * * *', 12],
  ['0 0-23/6 * * *', 6],
  ['0 3 * * 0', 168],
  ['0 3 * * sun', 168],
  ['0 3 * * mon-fri', 72],
  ['0 3 1 * *', 31 * 24],
  ['0 3 1 jan *', Infinity],
  ['0 3 1 * mon', 168],
  ['@daily', 24],
  ['@weekly', 168],
])('the longest gap of `%s` is %d h', (schedule, hours) => {
  expect(cronGapMs(schedule, NOW_MS)).toBe(hours * HOUR_MS)
})

test.each(['@reboot', '60 * * * *', '* * * *', 'a b c d e', '*/0 * * * *', ''])(
  '`%s` is no rhythm',
  (schedule) => {
    expect(cronGapMs(schedule, NOW_MS)).toBeUndefined()
  },
)

test.each([
  ['OnCalendar=daily', 24],
  ['OnCalendar=*-*-* 03:00:00', 24],
  ['OnCalendar=*-*-* 03:00:00 Europe/Berlin', 24],
  ['OnCalendar=*:0/15', 1],
  ['OnCalendar=Sun *-*-* 03:00', 168],
  ['OnUnitActiveSec=12h', 12],
  ['OnUnitActiveSec=1d 12h', 36],
  ['OnCalendar=Mon..Fri *-*-* 03:00', undefined],
  ['OnBootSec=5min', undefined],
])('the longest gap of a timer with %s is %s h', (line, hours) => {
  const gapMs = hours === undefined ? undefined : hours * HOUR_MS
  expect(timerGapMs(`[Timer]\n${line}\nPersistent=true\n`)).toBe(gapMs)
})

test.each([
  ['86400', 24],
  ['90min', 1.5],
  ['2w', 336],
  ['soon', undefined],
  ['1 month', undefined],
])('the span %s is %s h', (text, hours) => {
  expect(spanMs(text)).toBe(hours === undefined ? undefined : hours * HOUR_MS)
})
