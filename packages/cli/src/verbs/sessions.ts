import {
  checkInput,
  markReason,
  type SessionItem,
  sessionList,
  suspendChanged,
  type SuspendChanged,
  type Suspension,
  suspensionList,
} from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { SocketClient } from '../socket-client.ts'
import { fitTable, formatTable } from '../table.ts'
import { agoOf } from '../times.ts'

const TEXT_CHARACTERS_MAX = 100

interface Options extends ConfigOptions {
  readonly json?: boolean
}

interface ListOptions extends Options {
  readonly principal?: string
}

interface SuspendOptions extends Options {
  readonly reason?: string
}

/** What is suspended, resumed or ended. */
export interface SessionTarget {
  readonly kind: 'session' | 'principal'
  readonly id: string
}

/** `sessions list`: clients that have something open at the running gateway. */
export async function listSessions(context: Context, options: ListOptions): Promise<number> {
  const { terminal, clock } = context
  const client = new SocketClient(await localSocket(context, options))
  const { principal } = options
  const query = principal === undefined ? '' : `?principal=${encodeURIComponent(principal)}`
  const list = await client.list(sessionList, `/api/v1/sessions${query}`)
  if (options.json) terminal.print(JSON.stringify(list))
  else if (list.items.length === 0) terminal.note('no client has a session or subscription open')
  else terminal.print(formatSessions(list.items, clock.nowMs(), terminal.columns))
  return EXIT.ok
}

/** A line for each session; where it is narrow, what matters least gives way. */
export function formatSessions(
  sessions: readonly SessionItem[],
  nowMs: number,
  width: number | undefined,
): string {
  return fitTable(
    ['id', 'principal', 'client', 'era', 'scope', 'last', 'streams', 'in flight', 'suspended'],
    sessions.map((session) => [
      session.id,
      short(session.principal),
      session.client === null ? '-' : short(`${session.client.name} ${session.client.version}`),
      session.era,
      session.scope === '' ? '-' : session.scope,
      agoOf(session.last, nowMs),
      String(session.streams),
      String(session.callsInFlight),
      session.suspended === null ? '-' : whyOf(session.suspended),
    ]),
    { width, spare: ['era', 'scope', 'streams', 'client', 'last', 'in flight'] },
  )
}

/** `principals list`: what is suspended, and by whom. */
export async function listSuspensions(context: Context, options: Options): Promise<number> {
  const { terminal } = context
  const client = new SocketClient(await localSocket(context, options))
  const list = await client.list(suspensionList, '/api/v1/suspensions')
  if (options.json) terminal.print(JSON.stringify(list))
  else if (list.items.length === 0) terminal.note('nobody is suspended')
  else {
    const rows = list.items.map(({ kind, subject, reason, by, at }) => [
      ...[kind, short(subject), at, short(by), short(reason)],
    ])
    terminal.print(formatTable(['kind', 'who', 'since', 'by', 'why'], rows))
  }
  return EXIT.ok
}

/** `sessions suspend`, `principals suspend`: the very next call is refused. */
export async function suspend(
  context: Context,
  target: SessionTarget,
  options: SuspendOptions,
): Promise<number> {
  const reason = options.reason ?? ''
  const checked = checkInput(markReason, reason)
  if (!checked.ok) throw new AppError('usage', `--reason ${checked.faults[0].sentence}`)
  await ask(context, target, options, { action: 'suspend', body: { reason } })
  tell(context, options, { suspended: target.id }, `suspended ${short(target.id)}`)
  return EXIT.ok
}

/** `sessions resume`, `principals resume`: calls are taken again. */
export async function resume(
  context: Context,
  target: SessionTarget,
  options: Options,
): Promise<number> {
  const { changed } = await ask(context, target, options, { action: 'resume' })
  const words = changed ? `resumed ${short(target.id)}` : `${short(target.id)} was not suspended`
  tell(context, options, { resumed: target.id, changed }, words)
  return EXIT.ok
}

/** `sessions end`: its streams close and its calls are cancelled. */
export async function endSession(context: Context, id: string, options: Options): Promise<number> {
  const client = new SocketClient(await localSocket(context, options))
  await client.do({ method: 'DELETE', url: `/api/v1/sessions/${encodeURIComponent(id)}` })
  tell(context, options, { ended: id }, `ended ${short(id)}`)
  return EXIT.ok
}

async function ask(
  context: Context,
  { kind, id }: SessionTarget,
  options: Options,
  { action, body }: { readonly action: 'suspend' | 'resume'; readonly body?: object },
): Promise<SuspendChanged> {
  const client = new SocketClient(await localSocket(context, options))
  const url = `/api/v1/${kind}s/${encodeURIComponent(id)}/${action}`
  return client.ask(suspendChanged, { method: 'POST', url, ...(body && { body }) })
}

function tell(context: Context, { json }: Options, facts: object, words: string): void {
  context.terminal.print(json ? JSON.stringify(facts) : words)
}

function whyOf({ kind, by, reason }: Suspension): string {
  const why = reason === '' ? '' : `: ${short(reason)}`
  return `${kind} by ${short(by)}${why}`
}

function short(text: string): string {
  return printable(text, TEXT_CHARACTERS_MAX)
}
