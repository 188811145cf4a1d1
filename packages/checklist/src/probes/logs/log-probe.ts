import type { Finding, Probe, Seen } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { redactorOf } from '../../engine/redact.ts'
import { holdsCredential } from '../../looks/credential-shapes.ts'
import { logFacts, type LogLine, type LogSource } from '../../looks/logs.ts'

const FAULTS_MAX = 10
const SHOWN_MAX = 160
/** In quotes all of it, whatever is in it. */
const ASSIGNED =
  /(\b[\w-]*(?:password|passwd|pass|pwd|pw|secret|token|key|authorization)["']?\s*[=:]\s*)(?:"(?:[^"\\]|\\.)*"?|'[^']*'?)?[^\s,;]*/gi

interface LogProbe {
  readonly title: string
  readonly remedy: string
  /** What is wrong with one log; `skip` where it cannot tell. */
  judge(source: LogSource, deployment: Deployment): readonly Seen[] | { readonly unknown: string }
  /** Only logs of the product and its servers. */
  readonly oursAlone?: boolean
  /** What is said of logs without a fault. */
  readonly good: string
  /** Reads what a judgement needs beside the logs, first. */
  prepare?(deployment: Deployment, signal: AbortSignal): Promise<LogProbe['judge']>
}

/** A probe of every log that can be read; with one that cannot, nothing is proved. */
export function logProbe({ judge, oursAlone, good, prepare, ...probe }: LogProbe): Probe {
  return {
    kind: 'probe',
    ...probe,
    deadlineMs: 30_000,
    async look(deployment, signal): Promise<Finding> {
      const { sources, gaps, remedy } = await logFacts(deployment, signal)
      const judged = sources.filter(({ isOurs }) => isOurs || oursAlone !== true)
      const decide = prepare === undefined ? judge : await prepare(deployment, signal)
      const faults: Seen[] = []
      const unknowns: Seen[] = gaps.map((text) => ({ kind: 'log', text }))
      for (const source of judged) {
        const found = decide(source, deployment)
        if ('unknown' in found)
          unknowns.push({ kind: 'log', text: `${source.name}: ${found.unknown}` })
        else faults.push(...shortened(found, source))
      }
      if (faults.length > 0) return { state: 'failed', evidence: [...faults, ...unknowns] }
      if (judged.length === 0 && gaps.length === 0) {
        unknowns.push({ kind: 'log', text: 'no container of this has a log yet' })
      }
      if (unknowns.length > 0) return { state: 'unproved', evidence: unknowns, remedy }
      return {
        state: 'proved',
        evidence: judged.map(({ name, lines, isCut }) => ({
          kind: 'log',
          text: `${name}: ${good} in ${isCut ? 'the newest ' : ''}${lines.length} lines`,
        })),
      }
    },
  }
}

function shortened(faults: readonly Seen[], { name }: LogSource): Seen[] {
  const rest = faults.length - FAULTS_MAX
  if (rest <= 0) return [...faults]
  return [
    ...faults.slice(0, FAULTS_MAX),
    { kind: 'log', text: `${name}: and ${rest} more like these` },
  ]
}

/** `logs/gateway.log:12: ...`, with the line as far as it can be shown. */
export function lineSeen(
  deployment: Deployment,
  { name }: LogSource,
  { number, text, json }: LogLine,
): Seen {
  const told = typeof json?.['msg'] === 'string' ? `${String(json['level'])} ${json['msg']}` : text
  // Whole, before anything is cut: what is left of a secret is not known for one any more.
  const clean = () => redactorOf(deployment).clean(told).replaceAll(ASSIGNED, '$1[redacted]')
  const shown = holdsCredential(text) ? 'a line that holds a credential' : clean()
  return { kind: 'log', text: `${name}:${number}: ${shown.slice(0, SHOWN_MAX)}` }
}

const LEVELS: Readonly<Record<string, number>> = {
  ...{ trace: 10, debug: 20, info: 30, notice: 30, warn: 40, warning: 40 },
  ...{ error: 50, err: 50, critical: 60, fatal: 60, panic: 60, emerg: 60 },
}
const WORDS =
  /\b(TRACE|DEBUG|INFO|NOTICE|LOG|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)\b|\[(debug|info|notice|warn|error|crit|alert|emerg)\]|level=(\w+)/

/** How grave a line is: 30 information, 40 warning, 50 error; undefined where it does not tell. */
export function gravity({ text, json }: LogLine): number | undefined {
  if (json !== undefined) {
    const level = json['level'] ?? json['severity'] ?? json['lvl']
    return typeof level === 'number' ? level : LEVELS[String(level).toLowerCase()]
  }
  const [, upper, bracketed, assigned] = WORDS.exec(text) ?? []
  const word = (upper ?? bracketed ?? assigned)?.toLowerCase()
  if (word === undefined) return undefined
  return word === 'log'
    ? 30
    : (LEVELS[word] ?? (word === 'crit' || word === 'alert' ? 60 : undefined))
}
