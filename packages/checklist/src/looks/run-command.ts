import { execFile } from 'node:child_process'
import { AppError } from '@sallyport/kit/errors'
import type { Deployment } from '../deployment.ts'

const DEADLINE_MS = 8_000
const OUTPUT_BYTES_MAX = 4 * 1024 ** 2

/** How a command ended. */
export interface CommandResult {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a command that changes nothing, found on the deployment's PATH, with no shell and nothing on stdin. At most
 * 8 s and 4 MiB of output.
 *
 * @returns undefined where there is no such command
 * @throws {AppError} `deadline_exceeded`; the signal's own reason
 */
export function runCommand(
  { variables, folder }: Pick<Deployment, 'variables' | 'folder'>,
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<CommandResult | undefined> {
  const { PATH, HOME, DOCKER_HOST, XDG_RUNTIME_DIR } = variables
  const env = { PATH: PATH ?? '', HOME, DOCKER_HOST, XDG_RUNTIME_DIR, LC_ALL: 'C.UTF-8' }
  const options = {
    cwd: folder,
    env,
    signal,
    timeout: DEADLINE_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
    killSignal: 'SIGKILL',
  } as const
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr })
      if (error.code === 'ENOENT') return resolve(undefined)
      if (signal.aborted) return reject(signal.reason as Error) // a signal aborts with an error
      if (error.killed) {
        const sentence = `\`${command}\` did not end within ${DEADLINE_MS} ms`
        return reject(new AppError('deadline_exceeded', sentence))
      }
      resolve({ code: typeof error.code === 'number' ? error.code : null, stdout, stderr })
    })
    child.stdin?.end()
  })
}
