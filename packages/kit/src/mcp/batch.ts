import { AppError } from '../errors.ts'
import type { EdgeCore } from './core.ts'
import type { Answer, Caller } from './exchange.ts'
import type { ScanFault } from './json-walker.ts'
import type { Arrival } from './line.ts'
import type { Message } from './message.ts'
import { faultAnswer, wholeAnswer } from './reply.ts'
import { scanBatch, scanMessage } from './scan.ts'
import type { LegacySession } from './session.ts'

const BATCH_MAX = 100
const BATCH_VERSION = '2025-03-26'
const COMMA = Buffer.from(',')

/**
 * Answers an array of messages; undefined when none of them takes an answer. Only revision 2025-03-26
 * sends arrays.
 *
 * Source: MCP 2025-03-26, "Batching"; removed in 2025-06-18.
 *
 * @throws {AppError} `rate_limited` when it holds more messages than the rate allows now, `request_too_large`
 *   when it ever would
 */
export async function answerBatch(
  core: EdgeCore,
  arrival: Arrival,
  bytes: Buffer,
  session: LegacySession | undefined,
): Promise<Answer | undefined> {
  const parts = scanBatch(bytes, core.deps.limits)
  if (!Array.isArray(parts)) return faultAnswer(parts)
  const header = arrival.headers['mcp-protocol-version']
  const fault = batchFault(parts.length, session?.version ?? header ?? BATCH_VERSION)
  if (fault) return faultAnswer(fault)
  const messages = parts.map((part) => scanMessage(part, core.deps.limits))
  const unclear = keyFault(messages, arrival)
  if (unclear) return faultAnswer(unclear)
  charge(core, arrival.caller, parts.length)
  const answers = await Promise.all(
    messages.map((message) => answerPart(core, arrival, message, session)),
  )
  const bodies = answers.filter((answer) => answer !== undefined).map(wholeAnswer)
  if (bodies.length === 0) return undefined
  const joined = bodies.flatMap((body, index) => (index === 0 ? [body] : [COMMA, body]))
  return { bytes: Buffer.concat([Buffer.from('['), ...joined, Buffer.from(']')]), status: 200 }
}

function batchFault(length: number, version: string | string[]): ScanFault | undefined {
  const shape = (reason: string): ScanFault => ({ fault: 'shape', reason })
  if (version !== BATCH_VERSION) return shape('only revision 2025-03-26 knows batches')
  if (length === 0) return shape('the batch is empty')
  return length > BATCH_MAX ? shape(`a batch holds at most ${BATCH_MAX} messages`) : undefined
}

/** One key in the header cannot stand for several calls: each would pass for a repeat of the first. */
function keyFault(
  messages: readonly (Message | ScanFault)[],
  { headers }: Arrival,
): ScanFault | undefined {
  if (headers['idempotency-key'] === undefined) return undefined
  const requests = messages.filter((one) => !('fault' in one) && one.kind === 'request')
  if (requests.length <= 1) return undefined
  const reason =
    'one Idempotency-Key cannot stand for a batch of several requests; put a key into the _meta of each call'
  return { fault: 'shape', reason }
}

/** A batch costs as much as its messages one by one. The door has charged for one. */
function charge({ deps }: EdgeCore, { principal }: Caller, messages: number): void {
  const burst = deps.burst()
  if (messages > burst) {
    const text = `the batch holds ${messages} messages, and the rate never allows more than ${burst} at once; send at most ${burst}`
    throw new AppError('request_too_large', text)
  }
  for (let charged = 1; charged < messages; charged += 1) {
    const { allowed, retryAfterMs } = deps.charge(principal.id)
    if (allowed) continue
    const text = 'the batch holds more messages than the rate allows; send fewer at once'
    throw new AppError('rate_limited', text, { retryAfterMs })
  }
}

/** Answers come together, so nothing can be sent before one of them. */
async function answerPart(
  { legacy }: EdgeCore,
  arrival: Arrival,
  message: Message | ScanFault,
  session: LegacySession | undefined,
): Promise<Answer | undefined> {
  if ('fault' in message) return faultAnswer(message)
  if (message.method === 'initialize') {
    return faultAnswer({ fault: 'shape', reason: 'initialize stands alone, not in a batch' })
  }
  return legacy.answer(arrival, message, session, undefined)
}
