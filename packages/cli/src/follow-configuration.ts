import type { Gateway } from '@sallyport/gateway'
import { watchFiles } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'

/**
 * Whether SIGHUP means that the terminal is gone, and so the program; otherwise it means: read the
 * configuration again.
 */
export function hangupStops(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
}

/**
 * Has the gateway read its configuration again when one of its files changes and, unless a hang-up stops it, on
 * SIGHUP. What it thinks of it is in its log. Dispose ends both.
 */
export async function followConfiguration({ config }: Gateway, log: Log): Promise<Disposable> {
  const reload = (cause: 'file' | 'signal'): void => {
    config.reload({ cause, by: '' }).catch((thrown: unknown) => {
      log.error({ err: AppError.from(thrown) }, 'the configuration could not be read again')
    })
  }
  using watching = new DisposableStack()
  watching.use(await watchFiles({ files: () => config.files, onChange: () => reload('file') }))
  if (!hangupStops()) {
    const onHangup = (): void => reload('signal')
    process.on('SIGHUP', onHangup)
    watching.defer(() => void process.off('SIGHUP', onHangup))
  }
  return watching.move()
}
