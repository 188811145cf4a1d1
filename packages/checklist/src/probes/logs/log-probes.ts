import type { Probe, Seen } from '../../answers/answer.ts'
import { holdsCredential } from '../../looks/credential-shapes.ts'
import { knownCredentials } from '../../looks/known-credentials.ts'
import { logFacts, type LogLine, type LogSource } from '../../looks/logs.ts'
import { failed, proved, unproved } from '../../answers/answer.ts'
import { gravity, lineSeen, logProbe } from './log-probe.ts'

const START_MS = 60_000
const START_LINES = 200
const WARNING = 40
const WINDOW_MS = 10 * 60_000
const STARTS_MAX = 3
const DAY_MS = 86_400_000
const KNOWN_MIN = 8
const SILENT = { unknown: 'nothing was logged since the last start' } as const

/** There are logs, and they can be read. */
export const present: Probe = {
  kind: 'probe',
  title: 'Logs are written and can be read',
  remedy: 'send the log of the gateway to a file and name it under `checklist.logs`',
  deadlineMs: 30_000,
  async look(deployment, signal) {
    const { sources, gaps, remedy } = await logFacts(deployment, signal)
    // A database may have nothing to say; what is ours tells of its start.
    const empty = sources.filter(({ lines, isOurs }) => isOurs && lines.length === 0)
    if (empty.length > 0) {
      return failed(
        empty.map(({ name }): Seen => ({ kind: 'log', text: `${name}: nothing was ever written` })),
      )
    }
    if (gaps.length > 0) return unproved('log', gaps.join('; '), remedy)
    if (sources.length === 0) return unproved('log', 'no container of this has a log yet', remedy)
    return proved(
      ...sources.map(({ name, lines }): Seen => ({
        kind: 'log',
        text: `${name}: ${lines.length} lines can be read`,
      })),
    )
  },
}

const BROKEN = /\bpanic(?:ked)?\b|\bFailed to\b|\bfatal\b|\bTraceback\b|\buncaught\b|\bunhandled\b/i

/** Whatever was started last came up without a warning. */
export const cleanStart = logProbe({
  title: 'The logs of the last start hold no warning, failure or panic',
  remedy: 'mend what the line names, then start again',
  good: 'no warning at the last start',
  judge(source, deployment) {
    const lines = atStart(source)
    if (lines.length === 0 && source.isOurs) return SILENT
    if (source.isCut) {
      return { unknown: 'its last start is further back than what is read of it' }
    }
    return lines.filter(isBad).map((line) => lineSeen(deployment, source, line))
  },
})

function atStart({ sinceStart }: LogSource): readonly LogLine[] {
  const firstMs = sinceStart.find(({ atMs }) => atMs !== undefined)?.atMs
  if (firstMs === undefined) return sinceStart.slice(0, START_LINES)
  return sinceStart.filter(({ atMs }) => atMs === undefined || atMs - firstMs <= START_MS)
}

function isBad(line: LogLine): boolean {
  const level = gravity(line)
  if (level !== undefined && level >= WARNING) return true
  return level === undefined && BROKEN.test(line.text)
}

const REFUSED =
  /authentication failed|password authentication|invalid[ _](?:token|credentials?|password|api[ _-]?key|auth)|not_authed|token_(?:revoked|expired)|\bNOAUTH\b|\bWRONGPASS\b|access denied for user|\bunauthori[sz]ed\b|\b401\b|login failed|bad credentials/i

/** Within a day nothing of the deployment was refused by what it needs. */
export const noAuthErrors = logProbe({
  title: 'No log of the last day names a failed authentication',
  remedy: 'give the service that is named the credential that the other one expects',
  good: 'no failed authentication',
  judge(source, deployment) {
    const sinceMs = deployment.clock.nowMs() - DAY_MS
    return source.lines
      .filter(({ atMs }) => atMs === undefined || atMs >= sinceMs)
      .filter((line) => REFUSED.test(line.text) && !isInformation(line))
      .map((line) => lineSeen(deployment, source, line))
  },
})

/** That somebody from outside was turned away is information, not a fault of the deployment. */
function isInformation(line: LogLine): boolean {
  const level = gravity(line)
  return level !== undefined && level < WARNING
}

const STARTED =
  /gateway listening|ready to accept connections|server started|scheduled restart job|start worker process(?:es)?$|back-?off restarting/i

/** Nothing is started again and again. */
export const noRestartLoops = logProbe({
  title: 'No log shows something that starts again and again',
  remedy: 'read the lines before each start for why it ended',
  good: 'no loop of restarts',
  judge(source) {
    if (source.lines.length === 0 && source.isOurs) return SILENT
    const starts = source.lines.filter(({ text }) => STARTED.test(text))
    if (starts.length <= STARTS_MAX) return []
    if (starts.some(({ atMs }) => atMs === undefined)) {
      return { unknown: `${starts.length} starts, at times that its lines do not tell` }
    }
    const loop = starts.findIndex((start, index) => {
      const later = starts[index + STARTS_MAX]
      return later !== undefined && (later.atMs ?? 0) - (start.atMs ?? 0) <= WINDOW_MS
    })
    const first = starts[loop]
    if (first === undefined) return []
    const text = `${source.name}:${first.number}: more than ${STARTS_MAX} starts within 10 minutes`
    return [{ kind: 'log', text }]
  },
})

const WRITTEN =
  /\b(?:bearer|basic)\s+[\w.~+/=-]{16,}|\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:(?!\[redacted\]|\*+@|x+@)[^\s@/]+@/i

/** No log holds a secret, neither one that is known nor what looks like one. */
export const noSecrets = logProbe({
  title: 'No log holds a secret',
  remedy: 'revoke the secret, delete the log, and mend what writes it',
  good: 'no secret',
  judge: () => [],
  async prepare(deployment, signal) {
    const all = await knownCredentials(deployment, signal)
    const known = all.filter(({ value }) => value.length >= KNOWN_MIN)
    return (source) =>
      source.lines.flatMap(({ number, text }): Seen[] => {
        const held = known.find(({ value }) => text.includes(value))
        const at = `${source.name}:${number}`
        if (held !== undefined)
          return [{ kind: 'log', text: `${at}: holds the value of ${held.where}` }]
        if (!holdsCredential(text) && !WRITTEN.test(text)) return []
        return [{ kind: 'log', text: `${at}: holds what looks like a credential` }]
      })
  },
})

/** Every line of the product is an object. */
export const json = logProbe({
  title: 'Every line that the gateway and its servers log is a JSON object',
  remedy: 'set `MCP_JSON_LOGS=true` where the gateway is started',
  good: 'nothing but JSON',
  oursAlone: true,
  judge(source, deployment) {
    if (source.sinceStart.length === 0) return SILENT
    return source.sinceStart
      .filter((line) => line.json === undefined && !line.isAbout)
      .map((line) => lineSeen(deployment, source, line))
  },
})
