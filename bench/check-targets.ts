import type { Checks, StartAndMemory } from './checks.ts'
import { atMost, kibibytes, megabytes, millis, times } from './comparison.ts'
import type { Comparison } from './comparison.ts'
import type { FirstLists } from './first-lists.ts'
import type { ListResult, ListResults } from './lists.ts'
import { medianOf } from './median.ts'
import type { QuestionResult } from './questions.ts'
import type { SessionMemory } from './session-memory.ts'

/** Holds what was measured beside calls against the numbers of the design; of what failed there is none. */
export function judgeChecks(checks: Checks): Comparison[] {
  const { start, lists, firstLists, questions, sessions } = checks
  return [
    ...(start === undefined ? [] : judgeStart(start)),
    ...(sessions === undefined ? [] : judgeSessions(sessions)),
    ...(lists === undefined ? [] : judgeLists(lists)),
    ...(firstLists === undefined ? [] : judgeFirstLists(firstLists)),
    ...(questions === undefined ? [] : judgeQuestions(questions)),
  ]
}

function judgeStart(start: StartAndMemory): Comparison[] {
  const sessions = `${start.sessions} idle sessions`
  return [
    atMost('memory, idle before the first call: at most 120 MB', start.idleMb, 120, megabytes),
    {
      ...atMost(`memory with ${sessions}: at most 250 MB`, start.sessionsMb, 250, megabytes),
      detail: `${start.streams} of them with an open stream`,
    },
    {
      ...atMost('ready after start: at most 500 ms', start.readyMs, 500, millis),
      detail: `the very first start ${millis(start.firstReadyMs)}`,
    },
  ]
}

function judgeSessions({ sessions, bytesEach, rssBytesEach, left }: SessionMemory): Comparison[] {
  const each = 'memory of one idle legacy session with its stream: at most 40 KiB'
  const abandoned = `memory after ${sessions} abandoned sessions and their idle time: at most 1.05x`
  const { beforeBytes, afterBytes } = left ?? { beforeBytes: Number.NaN, afterBytes: Number.NaN }
  return [
    {
      ...atMost(each, bytesEach, 40 * 1_024, kibibytes),
      ...(rssBytesEach === undefined ? {} : { detail: `resident ${kibibytes(rssBytesEach)}` }),
    },
    {
      ...atMost(abandoned, afterBytes / beforeBytes, 1.05, times),
      detail: `${kibibytes(afterBytes)} to ${kibibytes(beforeBytes)}`,
    },
  ]
}

function judgeLists({ single, merged }: ListResults): Comparison[] {
  return [
    judgeList('1,000 tools', single),
    ...merged.map((list) => judgeList(`20 servers x 50 tools, ${list.era} client`, list)),
  ]
}

function judgeList(over: string, list: ListResult): Comparison {
  const target = `tools/list over ${over}, time: at most 1.3x a bare server writing the same bytes`
  return {
    ...atMost(target, list.p50Ms / list.bareP50Ms, 1.3, times),
    detail: `${millis(list.p50Ms)} to ${millis(list.bareP50Ms)}, ${list.bytes} bytes; CPU ${times(
      list.cpuUs / list.bareCpuUs,
    )}`,
  }
}

function judgeFirstLists({ lists, silentMs }: FirstLists): Comparison[] {
  const silent = 'first tools/list with one server that never answers: at most 5 s'
  return [
    ...lists.map(({ transport, ms, slowestMs, addedMs }) => ({
      ...atMost(
        `first tools/list over 20 never-seen ${transport} servers: at most 50 ms after the slowest`,
        addedMs,
        50,
        millis,
      ),
      detail: `${millis(ms)} to ${millis(slowestMs)}`,
    })),
    atMost(silent, silentMs, 5_000, millis),
  ]
}

function judgeQuestions(questions: readonly QuestionResult[]): Comparison[] {
  const ours = questions.filter(({ way }) => way === 'sallyport')
  const same = ours.filter(({ client, server }) => client === server)
  const sameMs = Math.min(...same.map(({ runs }) => medianOf(runs, 'p50Ms')))
  return ours
    .filter(({ client, server }) => client !== server)
    .map(({ client, server, runs }) => {
      const ms = medianOf(runs, 'p50Ms')
      const target = `question, ${client} client, ${server} server, p50: at most 1 ms over the faster same-era path`
      const detail = `${millis(ms)} to ${millis(sameMs)}; p99 ${millis(medianOf(runs, 'p99Ms'))}`
      return { ...atMost(target, ms - sameMs, 1, millis), detail }
    })
}
