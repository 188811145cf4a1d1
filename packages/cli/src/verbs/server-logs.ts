import { setTimeout as sleep } from 'node:timers/promises'
import type { LogLine } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { runUntilSignal } from '@sallyport/kit/lifecycle'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { endAtOnce } from '../end-at-once.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { SocketAdministration } from '../socket-administration.ts'

const POLL_MS = 1_000
const LINES_MAX = 1_000
const LINE_CHARACTERS_MAX = 100_000

interface Options extends ConfigOptions {
  readonly lines: string
  readonly follow?: boolean
  readonly json?: boolean
}

/** `servers logs`: what a server wrote to its standard error; with `--follow` until a signal. */
export async function showLogs(context: Context, name: string, options: Options): Promise<number> {
  const lines = toLines(options.lines)
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const { items } = await gateway.serverLogs(name, options.follow ? LINES_MAX : lines)
  const print = (some: readonly LogLine[]): void => printLines(context, some, options)
  if (options.follow) {
    print(items.slice(-lines))
    return follow(context, { gateway, name, seen: items, print })
  }
  if (options.json) context.terminal.print(JSON.stringify({ items }))
  else if (items.length === 0) context.terminal.note(await whyEmpty(gateway, name))
  else print(items)
  return EXIT.ok
}

interface Following {
  readonly gateway: SocketAdministration
  readonly name: string
  readonly seen: readonly LogLine[]
  readonly print: (lines: readonly LogLine[]) => void
}

async function follow(
  context: Context,
  { gateway, name, seen: first, print }: Following,
): Promise<number> {
  let failure: AppError | undefined
  const exitCode = await runUntilSignal(
    async (signal, started) => {
      started()
      let seen = first
      while (!signal.aborted) {
        // A signal ends the wait, and the loop with it.
        await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)
        if (signal.aborted) return
        const { items } = await gateway.serverLogs(name, LINES_MAX)
        print(linesAfter(seen, items))
        seen = items
      }
    },
    (error) => (failure = error),
    { clock: context.clock, source: process, force: endAtOnce },
  )
  if (failure !== undefined) throw failure
  return exitCode
}

/**
 * The lines of `now` that came after those of `before`: both are the newest of one growing list, of which
 * the oldest are dropped. All of `now` when the two share nothing.
 */
export function linesAfter(before: readonly LogLine[], now: readonly LogLine[]): LogLine[] {
  const from = Math.max(0, before.length - now.length)
  for (let start = from; start < before.length; start += 1) {
    const overlap = before.length - start
    if (
      isSame(before[start], now[0]) &&
      now.slice(0, overlap).every((line, at) => isSame(line, before[start + at]))
    ) {
      return now.slice(overlap)
    }
  }
  return [...now]
}

function isSame(a: LogLine | undefined, b: LogLine | undefined): boolean {
  return a?.at === b?.at && a?.pid === b?.pid && a?.text === b?.text
}

function printLines(
  { terminal }: Context,
  lines: readonly LogLine[],
  { json }: Pick<Options, 'json'>,
): void {
  for (const line of lines) {
    const { at, pid, text } = line
    terminal.print(
      json ? JSON.stringify(line) : `${at} ${pid} ${printable(text, LINE_CHARACTERS_MAX)}`,
    )
  }
}

async function whyEmpty(gateway: SocketAdministration, name: string): Promise<string> {
  const { kind } = await gateway.showServer(name)
  if (kind === 'http') return `${name} is remote: its standard error is not here`
  return `${name} has written nothing to its standard error`
}

function toLines(text: string): number {
  const lines = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (lines >= 1 && lines <= LINES_MAX) return lines
  throw new AppError('usage', `--lines takes a number from 1 to ${LINES_MAX}`)
}
