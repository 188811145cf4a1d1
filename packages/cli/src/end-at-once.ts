import type { StopSignal } from '@sallyport/kit/lifecycle'

/**
 * Ends this process as the signal does by itself, which shells see as the same code. To exit waits for every
 * thread, and a file system that hangs keeps one for ever.
 */
export function endAtOnce(exitCode: number, name: StopSignal): void {
  if (process.platform !== 'win32') {
    process.removeAllListeners(name)
    process.kill(process.pid, name)
  }
  // The first process of a container is not ended by its own signals.
  process.exit(exitCode)
}
