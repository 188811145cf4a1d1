import {
  failed,
  judged,
  type Probe,
  proved,
  type Seen,
  unproved,
  type Finding,
} from '../../answers/answer.ts'
import { CALLS_MIN, calls } from '../../performance/call-times.ts'
import { HEALTH_REQUESTS_MIN, healthTimes, SLOW_MAX } from '../../performance/health-times.ts'
import { cpuUse, residentBytes, residentCourse } from '../../performance/process-use.ts'
import { medianOf, quantileOf, rankOf } from '../../performance/quantile.ts'
import type { Course } from '../../looks/prometheus.ts'
import { DECLARE_PROMETHEUS } from './through-prometheus.ts'

/** No gateway runs that could be measured. */
export function noGateway(): Finding {
  return unproved('gateway', 'no gateway runs here that could be measured', 'start the gateway')
}

/** `performance/health` */
export const performanceHealth: Probe = {
  kind: 'probe',
  title: 'Of 100 looks at the health of the gateway 95 are answered within the objective',
  remedy: 'find what keeps the gateway busy, or raise `checklist.objectives.p95`',
  deadlineMs: 20_000,
  async look(deployment, signal) {
    const times = await healthTimes(deployment, signal)
    if (times === undefined) return noGateway()
    const { ms, refused, url } = times
    const { p95Ms } = deployment.settings.objectives
    const p95 = rankOf(ms, 0.95) ?? 0
    const what = `95 in 100 of ${ms.length} requests to ${url} took ${p95.toFixed(1)} ms or less`
    const seen: Seen[] = [{ kind: 'http', text: `${what}, the objective is ${p95Ms} ms` }]
    const tooSlow = ms.filter((each) => each > p95Ms).length > SLOW_MAX
    if (tooSlow || p95 > p95Ms) return failed(seen)
    if (refused > 0) {
      const text = `${refused} of ${ms.length} requests to ${url} were answered by something else`
      return unproved('http', text, 'look at why with `sallyport health`')
    }
    if (ms.length < HEALTH_REQUESTS_MIN) return { state: 'unproved', evidence: seen }
    return proved(...seen)
  },
}

/** `performance/calls` */
export const performanceCalls: Probe = {
  kind: 'probe',
  title: 'Of 100 calls 95 are answered within the objective',
  remedy: 'look at the slow server with `sallyport servers`, or raise `checklist.objectives.p95`',
  async look(deployment, signal) {
    const seen = await calls(deployment, signal)
    if (seen === undefined) return noGateway()
    const { total, span, buckets } = seen
    if (total < CALLS_MIN) {
      const text = `${total} calls were seen ${span}, and ${CALLS_MIN} are needed to judge them`
      return unproved('metric', text, 'check again when clients have called more')
    }
    const p95 = quantileOf(buckets, 0.95)
    if (p95 === undefined) return unproved('metric', `the times of calls are not counted ${span}`)
    const { p95Ms } = deployment.settings.objectives
    const took = Number.isFinite(p95) ? `${Math.round(p95 * 1_000)} ms or less` : 'more than 30 s'
    const text = `95 in 100 of ${total} calls ${span} took ${took}, the objective is ${p95Ms} ms`
    return judged(p95 * 1_000 > p95Ms ? [{ kind: 'metric', text }] : [], [{ kind: 'metric', text }])
  },
}

const RISE = 1.2
const RISE_BYTES = 32 * 1024 ** 2
const COURSE_MINUTES_MIN = 55

/** `performance/memory` */
export const performanceMemory: Probe = {
  kind: 'probe',
  title: 'The gateway holds less memory than the objective, and over an hour it does not grow',
  remedy: 'lower `limits`, or look for what grows; the objective is `checklist.objectives.memory`',
  async look(deployment, signal) {
    const bytes = await residentBytes(deployment, signal)
    if (bytes === undefined) return noGateway()
    const { memoryBytes } = deployment.settings.objectives
    const text = `the gateway holds ${mib(bytes)}, the objective is ${mib(memoryBytes)}`
    if (bytes > memoryBytes) return failed([{ kind: 'metric', text }])
    const course = await residentCourse(deployment, signal)
    if (course === undefined) {
      const missing = `${text}; whether it grows is not known, as no Prometheus scrapes it`
      return unproved('metric', missing, DECLARE_PROMETHEUS)
    }
    return judgeCourse(course, text)
  },
}

function judgeCourse(course: Course, text: string): Finding {
  if (course.length < COURSE_MINUTES_MIN) {
    const early = `${text}; Prometheus has ${course.length} minutes of it, and an hour is needed`
    return unproved('metric', early, 'check again when it ran for an hour')
  }
  const values = course.map(([, value]) => value)
  const quarter = Math.floor(values.length / 4)
  const first = medianOf(values.slice(0, quarter)) ?? 0
  const last = medianOf(values.slice(-quarter)) ?? 0
  const seen: Seen = {
    kind: 'metric',
    text: `${text}; within the last hour it went from ${mib(first)} to ${mib(last)}`,
  }
  const isRising = last > first * RISE && last - first > RISE_BYTES
  return isRising ? failed([seen]) : proved(seen)
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`
}

const CPU_PERCENT_MAX = 80

/** `performance/cpu` */
export const performanceCpu: Probe = {
  kind: 'probe',
  title: `The gateway uses less than ${CPU_PERCENT_MAX} percent of a core`,
  remedy: 'spread the callers over several gateways, or lower their `limits`',
  async look(deployment, signal) {
    const use = await cpuUse(deployment, signal)
    if (use === undefined) return noGateway()
    const text = `the gateway used ${use.percent.toFixed(1)} percent of a core ${use.span}`
    if (!use.isLong) {
      const early = `${text}, but it started less than five minutes ago`
      return unproved('metric', early, 'check again in five minutes')
    }
    return judged(use.percent > CPU_PERCENT_MAX ? [{ kind: 'metric', text }] : [], [
      { kind: 'metric', text },
    ])
  },
}
