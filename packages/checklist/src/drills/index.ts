export { calendarOf } from './calendar.ts'
export { DRILLS, type DrillId } from './drill.ts'
