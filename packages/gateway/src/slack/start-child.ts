import { randomBytes } from 'node:crypto'
import type { LogDestination } from '@sallyport/kit/log'
import { childEnvironment } from '../upstreams/environment.ts'
import { planSpawn, spawnWorld } from '../upstreams/spawn-plan.ts'
import type { StderrRing } from '../upstreams/stderr-ring.ts'
import { StdioChild } from '../upstreams/stdio-child.ts'
import type { ChildVariables } from '../config/slack-variables.ts'

const LINE_BYTES_MAX = 64 * 1_024
const LAST_LINES = 20
/** Its own drain comes first; what is left of that is cut off by then. */
const STOP_EXTRA_MS = 2_000
const DRAIN_MS_DEFAULT = 20_000

export interface ChildStart {
  readonly program: { readonly file: string; readonly args: readonly string[] }
  readonly mark: string
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly output: LogDestination
  readonly variables: ChildVariables
  readonly stderr: StderrRing
}

/** One run of the child. */
export interface ChildLife {
  readonly pid: number | undefined
  /** Its port once it listens; never settles when it does not. */
  readonly ready: Promise<number>
  /** Why it ended. */
  readonly ended: Promise<string>
  /** Whether it ended because another process has its store. */
  readonly locked: boolean
  /** Lets its running calls end, then ends it with all it started. */
  stop(): Promise<void>
}

/**
 * Starts `sallyport slack` as a child that ends with its standard input, so also when this process is killed.
 *
 * @throws {AppError} `server_start_failed`
 */
export function startChild(start: ChildStart): ChildLife {
  const { program, cwd, variables, stderr, output } = start
  const ready = Promise.withResolvers<number>()
  const ended = Promise.withResolvers<string>()
  const mark = `${start.mark}/${randomBytes(8).toString('hex')}`
  const environment = childEnvironment(start.environment, variables, mark)
  const plan = planSpawn(program.file, program.args, spawnWorld(environment))
  const drainMs = Number(variables['SLACK_DRAIN_MS']?.reveal() ?? DRAIN_MS_DEFAULT)
  const child = StdioChild.start({
    capped: {
      plan,
      explain: () => undefined,
      killNow: () => undefined,
      remove: async () => undefined,
    },
    ...{ cwd, environment, mark, stderr, lineBytesMax: LINE_BYTES_MAX },
    stopMs: drainMs + STOP_EXTRA_MS,
    onStderr: (chunk) => void output.write(chunk.toString('utf8')),
    onLine: (line) => {
      const port = portIn(line)
      if (port !== undefined) ready.resolve(port)
    },
    onOversize: () => undefined,
    onEnd: (reason) => ended.resolve(reason),
  })
  return {
    get pid() {
      return child.pid
    },
    get locked() {
      return child.stderrLines(LAST_LINES).some((line) => line.includes('"store_locked"'))
    },
    ready: ready.promise,
    ended: ended.promise,
    stop: () => child.stop(),
  }
}

/** The port in `{"address":"127.0.0.1:49152",...}`; undefined in any other line. */
function portIn(line: Buffer): number | undefined {
  const [, digits] =
    /"address":"(?:https?:\/\/)?127\.0\.0\.1:(\d{1,5})"/.exec(line.toString('utf8')) ?? []
  return digits === undefined ? undefined : Number(digits)
}
