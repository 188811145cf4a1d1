import { execFile } from 'node:child_process'
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { MARK_VARIABLE } from './environment.ts'

const TERM_WAIT_MS = 1_000
const POLL_MS = 25
const ROUNDS_MAX = 5
const NOW_POLL_MS = 5
/** Reading of environments before everybody else has a turn. */
const LOOK_TURN_MS = 1
const MARK_PREFIX = `${MARK_VARIABLE}=`
/** All of most environments; longer ones are read in parts. */
const ENVIRONMENT = Buffer.alloc(64 * 1_024)

/** A process that belongs to a gateway, and the entry of its environment that says so. */
interface Marked {
  readonly pid: number
  readonly entry: string
}

/**
 * Ends every process of this user whose environment carries `mark`, or a mark below it (`<mark>/...`): also
 * those that left their process group. SIGTERM first, SIGKILL after a second.
 *
 * Resolves to how many processes were found. Does nothing on Windows, where a child's tree is ended with it.
 *
 * @param spared names right below `mark` whose processes are left alone, with all below them
 */
export async function endMarkedProcesses(
  mark: string,
  spared: readonly string[] = [],
): Promise<number> {
  const first = await markedProcesses(mark, spared)
  if (first.length === 0) return 0
  for (const pid of first) signalProcess(pid, 'SIGTERM')
  const untilMs = performance.now() + TERM_WAIT_MS
  let left = first
  while (left.length > 0 && performance.now() < untilMs) {
    await sleep(POLL_MS)
    left = await markedProcesses(mark, spared)
  }
  // A process may fork between look and kill, hence more than one round.
  for (let round = 0; left.length > 0 && round < ROUNDS_MAX; round += 1) {
    for (const pid of left) signalProcess(pid, 'SIGKILL')
    await sleep(POLL_MS)
    left = await markedProcesses(mark, spared)
  }
  return first.length
}

/** Lists the processes of this user that carry the mark and are not spared, never this one. */
export async function markedProcesses(
  mark: string,
  spared: readonly string[] = [],
): Promise<number[]> {
  const isWanted = matcherOf(mark, spared)
  const found =
    process.platform === 'linux'
      ? await markedOnLinux(isWanted)
      : process.platform === 'win32'
        ? []
        : await markedByPs(isWanted)
  return found.filter((pid) => pid !== process.pid)
}

/**
 * Kills every process of this user that carries one of the marks, or a mark below one, before it returns: for
 * a process that is about to end. Gives up when the time is over. Does nothing but on Linux.
 */
export function killMarkedNow(marks: readonly string[], withinMs: number): void {
  if (process.platform !== 'linux') return
  const wanted = marks.map((mark) => matcherOf(mark, []))
  const untilMs = performance.now() + withinMs
  // A process may fork between look and kill, hence looks until there is none.
  for (;;) {
    const left = markedNow((entry) => wanted.some((isWanted) => isWanted(entry)), untilMs)
    for (const pid of left) signalProcess(pid, 'SIGKILL')
    if (left.length === 0 || performance.now() >= untilMs) return
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NOW_POLL_MS)
  }
}

/** Signals one process or, negative, one process group; false when there is none to signal. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    // Gone, or not ours to signal: either way there is nothing more to do.
    return false
  }
}

/** A look at all processes that has not begun, and the last one there is. */
let nextLook: Promise<readonly Marked[]> | undefined
let lastLook: Promise<unknown> = Promise.resolve()

/** Whoever asks while a look goes on shares the next one: many children may be stopped in one moment. */
async function markedOnLinux(isWanted: (entry: string) => boolean): Promise<number[]> {
  if (nextLook === undefined) {
    const look = lastLook.then(() => {
      nextLook = undefined
      return lookAround()
    })
    nextLook = look
    lastLook = look
  }
  const found = await nextLook
  return found.filter(({ entry }) => isWanted(entry)).map(({ pid }) => pid)
}

/**
 * Lists all processes with a mark. Synchronous reads, a few at a time: many asynchronous ones leave the
 * allocator with about 8 KiB of memory for each child that is stopped, and take longer.
 */
async function lookAround(): Promise<Marked[]> {
  // Where /proc is not mounted, only process groups are left to go by.
  const entries = await readdir('/proc').catch(() => [])
  const found: Marked[] = []
  let beganMs = performance.now()
  for (const pid of pidsAmong(entries)) {
    if (performance.now() - beganMs > LOOK_TURN_MS) {
      await turn()
      beganMs = performance.now()
    }
    found.push(...marksOf(pid))
  }
  return found
}

function markedNow(isWanted: (entry: string) => boolean, untilMs: number): number[] {
  return pidsAmong(readNow(() => readdirSync('/proc'), [])).filter((pid) => {
    if (pid === process.pid || performance.now() >= untilMs) return false
    return marksOf(pid).some(({ entry }) => isWanted(entry))
  })
}

function pidsAmong(names: readonly string[]): number[] {
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

/** What the environment of a process says of whose it is; nothing for most. */
function marksOf(pid: number): Marked[] {
  // Another user's process, or one that has just ended, cannot be read.
  const text = readNow(() => readEnvironment(pid), '')
  if (!text.includes(MARK_PREFIX)) return []
  const marks = text.split('\0').filter((entry) => entry.startsWith(MARK_PREFIX))
  return marks.map((entry) => ({ pid, entry }))
}

function readEnvironment(pid: number): string {
  const file = openSync(`/proc/${pid}/environ`, 'r')
  try {
    let text = ''
    for (let bytes = 1; bytes > 0;) {
      bytes = readSync(file, ENVIRONMENT)
      text += ENVIRONMENT.toString('latin1', 0, bytes)
    }
    return text
  } finally {
    closeSync(file)
  }
}

/** What cannot be read is not ours to find, nor what has just ended. */
function readNow<Read>(read: () => Read, otherwise: Read): Read {
  try {
    return read()
  } catch {
    return otherwise
  }
}

function markedByPs(isWanted: (entry: string) => boolean): Promise<number[]> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 64 * 1_024 * 1_024, timeout: 5_000 }
    execFile('ps', ['eww', '-axo', 'pid=,command='], options, (_error, stdout) => {
      const pids = stdout
        .split('\n')
        .filter((line) => line.split(' ').some(isWanted))
        .map((line) => Number.parseInt(line, 10))
      resolve(pids.filter((pid) => Number.isInteger(pid)))
    })
  })
}

/** Tells by one entry of an environment whether its process is meant. */
function matcherOf(mark: string, spared: readonly string[]): (entry: string) => boolean {
  const wanted = `${MARK_PREFIX}${mark}`
  const left = spared.map((name) => `${wanted}/${name}`)
  const isAt = (entry: string, place: string): boolean =>
    entry === place || entry.startsWith(`${place}/`)
  return (entry) => isAt(entry, wanted) && !left.some((place) => isAt(entry, place))
}
