const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Long enough to see each month of days. */
const DAYS_SEEN = 62

/** Words of cron and of systemd for a rhythm. */
const WORDS: Readonly<Record<string, number>> = {
  minutely: MINUTE_MS,
  hourly: HOUR_MS,
  daily: DAY_MS,
  midnight: DAY_MS,
  weekly: 7 * DAY_MS,
  monthly: 31 * DAY_MS,
  quarterly: 92 * DAY_MS,
  semiannually: 184 * DAY_MS,
  yearly: 366 * DAY_MS,
  annually: 366 * DAY_MS,
}

/**
 * The longest time between two runs of a line of cron, milliseconds: its five fields, or `@daily`.
 *
 * Source: crontab(5).
 *
 * @param nowMs where the days that are looked at begin
 * @returns undefined for what is no rhythm, such as `@reboot`; infinity for what never runs
 */
export function cronGapMs(schedule: string, nowMs: number): number | undefined {
  if (schedule.startsWith('@')) return WORDS[schedule.slice(1).toLowerCase()]
  const [minutes, hours, days, months, weekdays] = schedule.trim().split(/\s+/)
  const fields = [
    fieldOf(minutes, 0, 59),
    fieldOf(hours, 0, 23),
    fieldOf(days, 1, 31),
    fieldOf(months, 1, 12, MONTHS),
    fieldOf(weekdays, 0, 7, WEEKDAYS),
  ]
  const [minute, hour, day, month, weekday] = fields
  if (!minute || !hour || !day || !month || !weekday) return undefined
  // Where both are bound, either is enough.
  const either = !days?.startsWith('*') && !weekdays?.startsWith('*')
  const times: number[] = []
  const firstMs = Math.floor(nowMs / DAY_MS) * DAY_MS
  for (let index = 0; index < DAYS_SEEN; index += 1) {
    const at = new Date(firstMs + index * DAY_MS)
    const isDay = day.has(at.getUTCDate())
    const isWeekday = weekday.has(at.getUTCDay()) || (at.getUTCDay() === 0 && weekday.has(7))
    if (!month.has(at.getUTCMonth() + 1)) continue
    if (either ? !(isDay || isWeekday) : !(isDay && isWeekday)) continue
    for (const one of hour) {
      for (const other of minute) times.push(at.getTime() + one * HOUR_MS + other * MINUTE_MS)
    }
  }
  return longestGap(times)
}

function longestGap(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other)
  if (sorted.length < 2) return Infinity
  return Math.max(...sorted.slice(1).map((time, index) => time - (sorted[index] ?? time)))
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** The numbers of one field; undefined for what is none. */
function fieldOf(
  text: string | undefined,
  least: number,
  most: number,
  names: readonly string[] = [],
): ReadonlySet<number> | undefined {
  if (text === undefined) return undefined
  const numbers = new Set<number>()
  for (const part of text.toLowerCase().split(',')) {
    const [range = '', step = '1'] = part.split('/')
    const [from = '', to] = range.split('-')
    const first = range === '*' ? least : numberOf(from, names, least)
    const last =
      range === '*' || (to === undefined && part.includes('/'))
        ? most
        : numberOf(to ?? from, names, least)
    const by = Number(step)
    if (!(first >= least && last <= most && Number.isInteger(by) && by > 0)) return undefined
    for (let number = first; number <= last; number += by) numbers.add(number)
  }
  return numbers
}

function numberOf(text: string, names: readonly string[], least: number): number {
  const index = names.indexOf(text)
  if (index >= 0) return index + least
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
}

/**
 * The same of a systemd timer, from the lines of its `[Timer]` section. What is not understood is undefined.
 *
 * Source: systemd.timer(5); systemd.time(7).
 */
export function timerGapMs(unit: string): number | undefined {
  const calendar = /^\s*OnCalendar=\s*(.+?)\s*$/m.exec(unit)?.[1]
  if (calendar !== undefined) return calendarGapMs(calendar)
  const span = /^\s*On(?:UnitActive|UnitInactive)Sec=\s*(.+?)\s*$/m.exec(unit)?.[1]
  return span === undefined ? undefined : spanMs(span)
}

function calendarGapMs(text: string): number | undefined {
  const word = WORDS[text.toLowerCase()]
  if (word !== undefined) return word
  const plain = text.replace(/\s+(?:UTC|[A-Z][A-Za-z_]+\/[A-Za-z_/]+)$/, '')
  if (/^(?:\*-\*-\*\s+)?\*:[\d*]/.test(plain)) return HOUR_MS
  if (/^(?:\*-\*-\*\s+)?\d{1,2}:\d\d(?::\d\d)?$/.test(plain)) return DAY_MS
  if (/^[A-Z][a-z]{2,8}(?:\s+\*-\*-\*)?(?:\s+\d{1,2}:\d\d(?::\d\d)?)?$/.test(plain))
    return 7 * DAY_MS
  return undefined
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
}

/** `1d 12h`, `90min`, `3600`; undefined for another form. */
export function spanMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+)\s*([a-z]*)/gi)]
  if (
    parts.length === 0 ||
    parts.map(([whole]) => whole).join('') !== text.replaceAll(/\s+(?=\d)/g, '')
  ) {
    return undefined
  }
  const sum = parts.reduce((total, [, count, unit]) => {
    const name = unit === '' ? 's' : (unit ?? 's').toLowerCase()
    return (
      total +
      Number(count) * (name.startsWith('month') ? Number.NaN : (UNITS[name[0] ?? ''] ?? Number.NaN))
    )
  }, 0)
  return Number.isNaN(sum) ? undefined : sum
}
