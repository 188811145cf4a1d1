import { checkInput, type MarkChanged, markReason } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import type { MarkTarget } from '../administration.ts'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { openAdministration } from '../local.ts'
import { countOf } from '../table.ts'
import { COMMAND } from '../version.ts'

const NAME_CHARACTERS_MAX = 64

interface Options extends ConfigOptions {
  readonly reason?: string
  readonly json?: boolean
}

interface DrainOptions extends Options {
  readonly server?: string
  readonly off?: boolean
}

/** `servers block`, `servers drain`: also without a running gateway, for its next start. */
export async function setMark(
  context: Context,
  target: MarkTarget,
  options: Options,
): Promise<number> {
  const reason = options.reason ?? ''
  const checked = checkInput(markReason, reason)
  if (!checked.ok) throw new AppError('usage', `--reason ${checked.faults[0].sentence}`)
  await using administration = await openAdministration(context, options)
  const changed = await administration.setMark(target, reason)
  context.terminal.print(options.json ? JSON.stringify(changed) : formatSet(target, changed))
  return EXIT.ok
}

/** `servers unblock`, `servers undrain`: also without a running gateway. */
export async function clearMark(
  context: Context,
  target: MarkTarget,
  options: Options,
): Promise<number> {
  await using administration = await openAdministration(context, options)
  const changed = await administration.clearMark(target)
  context.terminal.print(options.json ? JSON.stringify(changed) : formatCleared(target, changed))
  return EXIT.ok
}

/** `drain`: the whole gateway or one server; with `--off` it takes calls again. */
export function drain(context: Context, options: DrainOptions): Promise<number> {
  const target = { server: options.server, kind: 'draining' } as const
  if (!options.off) return setMark(context, target, options)
  if (options.reason !== undefined) {
    throw new AppError('usage', '--reason belongs to a drain: leave it out with --off')
  }
  return clearMark(context, target, options)
}

/** What is refused from now on, and how to take it back. */
export function formatSet({ server, kind }: MarkTarget, { inFlight }: MarkChanged): string {
  const name = server === undefined ? undefined : printable(server, NAME_CHARACTERS_MAX)
  const effect =
    kind === 'blocked'
      ? `blocked ${name}: it is on no list and calls to it are refused`
      : `draining ${name ?? 'the gateway: it is not ready'}${name ? ':' : ' and'} new calls are refused`
  const when =
    inFlight === null ? ' from the next start on (no gateway runs now)' : `; ${running(inFlight)}`
  return `${effect}${when}\nto undo: ${COMMAND} ${undoOf(server, kind)}`
}

function running(inFlight: number): string {
  if (inFlight === 0) return 'no call is in flight'
  return `${countOf(inFlight, 'call')} in flight may finish`
}

function undoOf(server: string | undefined, kind: MarkTarget['kind']): string {
  if (server === undefined) return 'drain --off'
  const name = printable(server, NAME_CHARACTERS_MAX)
  return kind === 'blocked' ? `servers unblock ${name}` : `servers undrain ${name}`
}

/** That calls are taken again, or were all the time. */
export function formatCleared({ server, kind }: MarkTarget, { changed }: MarkChanged): string {
  const name = server === undefined ? 'the gateway' : printable(server, NAME_CHARACTERS_MAX)
  const was = kind === 'blocked' ? 'blocked' : 'draining'
  return changed ? `${name} is no longer ${was}` : `${name} was not ${was}`
}
