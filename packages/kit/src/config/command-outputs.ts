import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

const OUTPUT_BYTES_MAX = 65_536
const COMMANDS_AT_ONCE = 4
const WORDS_MAX = 64

/** How a command of a `${command:...}` went: what it printed, or why there is nothing. */
export type CommandOutput =
  | { readonly text: string }
  | { readonly message: string; readonly remedy: string }

/** By the text between `${command:` and `}`. */
export type CommandOutputs = ReadonlyMap<string, CommandOutput>

export interface CommandOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds until a command is ended. */
  readonly timeoutMs: number
}

/** Runs each command once, four at a time, without a shell. Total. */
export async function runCommands(
  commands: readonly string[],
  options: CommandOptions,
): Promise<CommandOutputs> {
  const outputs = new Map<string, CommandOutput>()
  const waiting = [...new Set(commands)].values()
  const work = async (): Promise<void> => {
    for (const command of waiting) outputs.set(command, await runCommand(command, options))
  }
  await Promise.all(Array.from({ length: COMMANDS_AT_ONCE }, work))
  return outputs
}

async function runCommand(command: string, options: CommandOptions): Promise<CommandOutput> {
  const [file, ...args] = splitWords(command) ?? []
  if (file === undefined) {
    return fault(
      'is no command',
      `write a program and at most ${WORDS_MAX} arguments, those with spaces in quotes`,
    )
  }
  const { cwd, env, timeoutMs } = options
  // Of its own group, so that what it started ends with it.
  const child = spawn(file, args, {
    ...{ cwd, env, detached: process.platform !== 'win32', windowsHide: true },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const failed = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name))
  })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    end(child)
  }, timeoutMs)
  try {
    const result = await Promise.race([failed, collect(child)])
    if (typeof result === 'string') {
      return fault(`cannot be run (${result})`, 'give the path of a program that is installed here')
    }
    if (isLate) return fault(`took longer than ${timeoutMs} ms`, 'run it by hand as the same user')
    return judge(result)
  } finally {
    clearTimeout(timer)
    end(child)
  }
}

interface Ended {
  readonly bytes: Buffer
  readonly status: string
}

async function collect(child: ChildProcess): Promise<Ended> {
  const chunks: Buffer[] = []
  let size = 0
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= OUTPUT_BYTES_MAX) chunks.push(chunk)
    else end(child)
  })
  const [code, signal] = await once(child, 'close')
  if (size > OUTPUT_BYTES_MAX) return { bytes: Buffer.alloc(0), status: 'too large' }
  return { bytes: Buffer.concat(chunks), status: signal ? `signal ${signal}` : `status ${code}` }
}

function judge({ bytes, status }: Ended): CommandOutput {
  if (status === 'too large') {
    return fault(`printed more than ${OUTPUT_BYTES_MAX} bytes`, 'have it print the value alone')
  }
  // What it printed on the way may be a secret, so it is not told.
  if (status !== 'status 0') {
    return fault(`ended with ${status}`, 'run it by hand as the same user to see why')
  }
  const text = bytes.toString('utf8').replace(/\r?\n$/, '')
  return text === '' ? fault('printed nothing', 'have it print the value') : { text }
}

function end({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || (exitCode !== null && process.platform === 'win32')) return
  if (signalCode !== null && process.platform === 'win32') return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Words as a shell would split them, with `'` and `"` around spaces; undefined for an open quote or none. */
function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  const pattern = /\s*((?:"[^"]*"|'[^']*'|[^\s"'])+)/y
  let at = 0
  while (text.slice(at).trim() !== '') {
    pattern.lastIndex = at
    const [whole, word] = pattern.exec(text) ?? []
    if (whole === undefined || word === undefined || words.length > WORDS_MAX) return undefined
    words.push(
      word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_quoted, a?: string, b?: string) => a ?? b ?? ''),
    )
    at += whole.length
  }
  return words.length === 0 ? undefined : words
}

function fault(message: string, remedy: string): CommandOutput {
  return { message: `the command ${message}`, remedy }
}
