import { spawn, type StdioOptions } from 'node:child_process'
import { closeSync } from 'node:fs'
import { stepBack } from './step-back.ts'
import { type Fault, FORMS, goodText, type Wire } from './wire.ts'

/** So few: the first of them decides for all calls of its process. */
const PER_1000 = 5
const LEAK_SECONDS = 600

function fatal(strike: () => unknown): Fault {
  return { forms: FORMS, per1000: PER_1000, gets: 'error', strike }
}

function ofChild(gets: Fault['gets'], strike: (wire: Wire) => unknown): Fault {
  return { forms: ['stdio'], per1000: PER_1000, gets, strike }
}

/** A process of its own session that says who left it behind. */
function leak(command: readonly string[], stdio: StdioOptions = 'ignore'): void {
  const [file = '', ...args] = command
  const env = { ...process.env, CHAOS_LEAKED_BY: String(process.pid) }
  const child = spawn(file, args, { detached: true, stdio, env })
  child.once('error', () => undefined) // then there is one less to find
  child.unref()
}

const SLEEPER = ['sleep', String(LEAK_SECONDS)]
/** Ignores what is asked of it politely. */
const STUBBORN = ['sh', '-c', `trap '' TERM HUP INT; sleep ${LEAK_SECONDS} & wait; wait; wait`]
/** Leaves another one behind when it is asked to go, three times. */
const HYDRA = [
  'sh',
  '-c',
  `n=\${N:-0}; trap '[ $n -lt 3 ] && N=$((n+1)) setsid sh -c "$0" "$0" & exit' TERM; i=0; while [ $i -lt ${LEAK_SECONDS} ]; do sleep 1; i=$((i+1)); done`,
]
HYDRA.push(HYDRA[2] ?? '')

function spin(ms: number): void {
  stepBack()
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

function leakAll(): void {
  leak(SLEEPER)
  leak(STUBBORN)
}

async function stderrFor(wire: Wire, bytes: number): Promise<void> {
  stepBack()
  const piece = Buffer.alloc(64 * 1_024, 'e')
  piece[piece.length - 1] = 0x0a
  const untilMs = performance.now() + wire.order.deadlineMs
  for (let sent = 0; sent < bytes && performance.now() < untilMs; sent += piece.length) {
    process.stderr.write(piece)
    await new Promise(setImmediate)
  }
}

/** What happens to the process that holds all calls. */
export const PROCESS_FAULTS = {
  'exit-0': fatal(() => process.exit(0)),
  'exit-7': fatal(() => process.exit(7)),
  'kill-9': fatal(() => process.kill(process.pid, 'SIGKILL')),
  segfault: fatal(() => process.kill(process.pid, 'SIGSEGV')),
  frozen: fatal(() => process.kill(process.pid, 'SIGSTOP')),
  spin: {
    ...{ forms: FORMS, per1000: 1, gets: 'either' },
    strike: (wire) => {
      spin(2_500)
      wire.body(goodText(wire))
    },
  },
  'stderr-flood': ofChild('result', async (wire) => {
    await stderrFor(wire, 8_000_000)
    wire.body(goodText(wire))
  }),
  'stderr-endless': ofChild('error', (wire) => stderrFor(wire, Infinity)),
  leak: ofChild('result', (wire) => {
    leakAll()
    wire.body(goodText(wire))
  }),
  'leak-exit': ofChild('error', () => {
    leakAll()
    setTimeout(() => process.exit(3), 50)
  }),
  'leak-pipes': ofChild('error', () => {
    leak(SLEEPER, 'inherit')
    setTimeout(() => process.exit(3), 50)
  }),
  'leak-hydra': ofChild('error', () => {
    leak(HYDRA)
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50)
  }),
  'leak-many': ofChild('error', () => {
    for (let at = 0; at < 30; at += 1) leak(SLEEPER)
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100)
  }),
  'half-close-stdout': ofChild('error', () => closeSync(1)),
  'half-close-stdin': ofChild('either', () => closeSync(0)),
  stubborn: ofChild('error', () => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => undefined)
    process.stdin.removeAllListeners('end')
    setInterval(() => undefined, 1_000)
    leak(STUBBORN)
    closeSync(1)
  }),
  deaf: ofChild('error', () => {
    process.on('SIGTERM', () => undefined)
    process.stdin.pause()
    process.stdin.removeAllListeners('data')
    setInterval(() => undefined, 1_000)
  }),
} as const satisfies Readonly<Record<string, Fault>>
