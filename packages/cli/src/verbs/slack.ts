import { once } from 'node:events'
import type { AppError } from '@sallyport/kit/errors'
import { runUntilSignal } from '@sallyport/kit/lifecycle'
import { createLog, parseLogOptions } from '@sallyport/kit/log'
import type { SlackSettings } from '@sallyport/slack/settings'
import { AUDIT_WORKER } from '../audit-worker.ts'
import type { Context } from '../context.ts'
import { endAtOnce } from '../end-at-once.ts'
import { environmentSettings } from '../slack-settings.ts'
import { VERSION } from '../version.ts'

interface SlackOptions {
  readonly json?: boolean
  /** Started by a gateway: ends with standard input, so also when the gateway is killed. */
  readonly child?: boolean
}

/** `slack`: runs the Slack server until a signal. */
export async function slack(context: Context, options: SlackOptions): Promise<number> {
  const settings = environmentSettings(context)
  let failure: AppError | undefined
  const exitCode = await runUntilSignal(
    (signal, started) => serve(context, { settings, options, signal, started }),
    (error) => (failure = error),
    { clock: context.clock, source: process, force: endAtOnce },
  )
  if (failure !== undefined) throw failure
  return exitCode
}

interface Serving {
  readonly settings: SlackSettings
  readonly options: SlackOptions
  readonly signal: AbortSignal
  readonly started: () => void
}

async function serve(context: Context, serving: Serving): Promise<void> {
  const { settings, options, signal, started } = serving
  const { SlackServer } = await import('@sallyport/slack')
  const logOptions = parseLogOptions(context.environment, process.stderr)
  const log = createLog({ ...logOptions, level: settings.logLevel })
  signal.throwIfAborted()
  using parent = options.child === true ? watchParent() : undefined
  await using server = await SlackServer.start({
    ...{ settings, version: VERSION, clock: context.clock, log },
    ...(AUDIT_WORKER && { workerUrl: AUDIT_WORKER }),
  })
  started()
  const json = options.json === true || (logOptions.json && !context.terminal.isInteractive)
  announce(context, server.address, { settings, options: { ...options, json } })
  const stopped = signal.aborted ? undefined : once(signal, 'abort')
  await Promise.race([stopped, ...(parent === undefined ? [] : [parent.ended])])
}

function announce(
  { terminal }: Context,
  address: string,
  { settings, options }: Pick<Serving, 'settings' | 'options'>,
): void {
  if (options.json === true || options.child === true) {
    terminal.print(JSON.stringify({ address, pid: process.pid }))
    return
  }
  const { publicUrl, tokens } = settings
  terminal.print(
    [
      `Sallyport ${VERSION} runs the Slack server\n`,
      `MCP address:  ${publicUrl}/mcp   (here: http://${address}/mcp)`,
      `Install:      ${publicUrl}/slack/install   (open it in a browser)`,
      `Tokens:       ${tokens.map(({ name }) => name).join(', ')}\n`,
      'Ctrl-C stops it after running calls have finished.',
    ].join('\n'),
  )
}

/** `ended` settles once nobody holds the other end of standard input any more. Kept open it would keep us alive. */
function watchParent(): Disposable & { readonly ended: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const event of ['end', 'close', 'error']) process.stdin.once(event, () => resolve())
  process.stdin.resume()
  return { ended: promise, [Symbol.dispose]: () => void process.stdin.destroy() }
}
