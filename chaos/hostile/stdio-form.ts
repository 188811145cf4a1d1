import { createInterface } from 'node:readline'
import { obey } from './faults.ts'
import { answerTo, type Incoming, orderOf } from './mcp.ts'
import type { Era, Order, Wire } from './wire.ts'

/** Serves lines on standard streams until its input ends. */
export function serveStdio(era: Era): void {
  let gone = false
  process.stdout.on('error', () => (gone = true))
  process.stderr.on('error', () => undefined) // nobody listens to it
  const isGone = (): boolean => gone
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const message = JSON.parse(line) as Incoming // the gateway sends valid messages
    const order = orderOf(message)
    if (order) return obey(wireOf({ era, id: message.id, order }, isGone))
    const answer = answerTo(message, era)
    if (answer) process.stdout.write(`${JSON.stringify(answer)}\n`)
  })
  process.stdin.on('end', () => process.exit(0))
  process.stdin.on('error', () => undefined) // closed from within
}

function wireOf(
  call: { readonly era: Era; readonly id: unknown; readonly order: Order },
  isGone: () => boolean,
): Wire {
  return {
    ...{ form: 'stdio', ...call, response: undefined, stream: undefined },
    get gone() {
      return isGone()
    },
    event: (message) => written(`${JSON.stringify(message)}\n`),
    body: (bytes) => {
      process.stdout.write(bytes)
      process.stdout.write('\n')
    },
    part: written,
    end: () => void process.stdout.write('\n'),
  }
}

/** Gives others a turn, too: writes to pipes do not wait. */
async function written(bytes: string | Buffer): Promise<void> {
  const room = process.stdout.write(bytes)
  await new Promise<void>((resolve) => {
    if (room || process.stdout.destroyed) setImmediate(resolve)
    else process.stdout.once('drain', resolve)
  })
}
