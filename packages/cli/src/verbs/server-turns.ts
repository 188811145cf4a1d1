import type { ServerDone } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { withProgress } from '../progress.ts'
import { type ServerAction, SocketAdministration } from '../socket-administration.ts'
import { countOf } from '../table.ts'
import { durationOf } from '../times.ts'
import { checkWords } from './servers.ts'

const REASON_CHARACTERS_MAX = 500

interface Options extends ConfigOptions {
  readonly json?: boolean
}

const DOING = {
  start: 'starting',
  stop: 'stopping',
  restart: 'restarting',
  warm: 'reading the lists of',
} as const satisfies Record<ServerAction, string>

/** `servers start`, `stop`, `restart` and `warm`: says what was waited for. */
export async function turnServer(
  context: Context,
  { name, action }: { readonly name: string; readonly action: ServerAction },
  options: Options,
): Promise<number> {
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const done = await waitFor(context, gateway, {
    ...{ name, doing: DOING[action], quiet: options.json === true },
    work: gateway.turnServer(name, action),
  })
  context.terminal.print(options.json ? JSON.stringify(done) : formatTurn(action, done))
  return EXIT.ok
}

/** What was done, and what it had to wait for. */
export function formatTurn(action: ServerAction, done: ServerDone): string {
  const { server, startedMs } = done
  const tools = server.tools === null ? '' : `, ${countOf(server.tools, 'tool')}`
  const pid = server.pid === null ? '' : `, pid ${server.pid}`
  const started = `in ${durationOf(startedMs)}${pid}${tools}`
  switch (action) {
    case 'start':
      return `started ${server.name} ${started}`
    case 'warm':
      return `${server.name} is ready after ${durationOf(startedMs)}${pid}${tools}`
    case 'stop':
      return `stopped ${server.name}: ${drained(done)}`
    case 'restart':
      return `restarted ${server.name}: ${drained(done)}; started ${started}`
  }
}

function drained({ calls, drainedMs, drainMsMax }: ServerDone): string {
  if (calls === 0) return `no call was in flight (${durationOf(drainedMs)})`
  const waited = `waited ${durationOf(drainedMs)} for ${countOf(calls, 'call')}`
  if (drainedMs < drainMsMax) return waited
  return `${waited}, its whole drain time: what still ran was ended`
}

/** `servers check`: looks at a server now; 1 when it is not healthy. */
export async function checkServer(
  context: Context,
  name: string,
  options: Options,
): Promise<number> {
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const check = await waitFor(context, gateway, {
    ...{ name, doing: 'checking', quiet: options.json === true },
    work: gateway.checkServer(name),
  })
  const text = `${printable(name, REASON_CHARACTERS_MAX)}: ${checkWords(check)}`
  context.terminal.print(options.json ? JSON.stringify(check) : text)
  return check.ok ? EXIT.ok : EXIT.failed
}

interface Waiting<Result> {
  readonly name: string
  readonly doing: string
  readonly quiet: boolean
  readonly work: Promise<Result>
}

/** Waits with progress; a failure is told with what the gateway knows of the server. */
async function waitFor<Result>(
  { terminal }: Context,
  gateway: SocketAdministration,
  { name, doing, quiet, work }: Waiting<Result>,
): Promise<Result> {
  const shown = printable(name, REASON_CHARACTERS_MAX)
  const detail = async (): Promise<string> => {
    const { inFlight } = await gateway.showServer(name)
    return inFlight === 0 ? '' : `${countOf(inFlight, 'call')} in flight`
  }
  try {
    return await withProgress(terminal, { doing: `${doing} ${shown}`, detail, quiet }, work)
  } catch (thrown) {
    throw await explain(AppError.from(thrown), name, gateway)
  }
}

/** The gateway keeps the words of failures to its log; the state of the server has the reason. */
async function explain(
  error: AppError,
  name: string,
  gateway: SocketAdministration,
): Promise<AppError> {
  if (error.spec.exposeMessage) return error
  try {
    const { reason, kind } = await gateway.showServer(name)
    if (reason === null) return error
    const more = kind === 'stdio' ? `; see \`servers logs ${name}\`` : ''
    const sentence = `${name}: ${printable(reason, REASON_CHARACTERS_MAX)}${more}`
    return new AppError(error.code, sentence, { cause: error })
  } catch {
    // The first failure says more than one about asking for its reason.
    return error
  }
}
