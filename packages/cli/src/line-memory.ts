import {
  errorMessage,
  findMember,
  idOf,
  type Message,
  paramText,
  RPC,
  type ScanFault,
  scanBatch,
  scanMessage,
  scanReply,
} from '@sallyport/kit/mcp'

/** As deep as a gateway can be told to read. */
const LIMITS = { depth: 512 }
/** Longer messages are not sent again. */
const KEPT_BYTES_MAX = 64 * 1024
const OPEN_MAX = 4_096
const STANDING_MAX = 1_000

const READY = 'notifications/initialized'

/** What can be asked twice: it changes nothing, or only what the session itself holds. */
const REPEATABLE = new Set([
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
])

interface Open {
  readonly method: string
  readonly uri: string | undefined
  /** The message, where it is short enough to be kept. */
  readonly line: Buffer | undefined
  /** Whether it may be sent again. */
  readonly repeatable: boolean
}

/** What a client that changes gateways is told, and what the next gateway is sent before anything else. */
export interface Recovery {
  readonly answers: readonly Buffer[]
  readonly lines: readonly Buffer[]
}

/**
 * What has to be known of a client's lines for another gateway to go on with it: which requests are open, and
 * what a legacy session was built from. Bounded; what is too much is forgotten, and then neither repeated nor
 * answered by us.
 */
export class LineMemory {
  readonly #open = new Map<string, Open>()
  /** Messages that make a session, in order. */
  readonly #standing = new Map<string, Buffer>()
  /** Ids of messages sent again whose answers the client has had. */
  readonly #answered = new Set<string>()

  /** Requests without an answer. */
  get open(): number {
    return this.#open.size
  }

  /** Takes note of a line of the client. */
  sent(line: Buffer): void {
    const message = scanMessage(line, LIMITS)
    if ('fault' in message) {
      const parts = message.fault === 'batch' ? scanBatch(line, LIMITS) : []
      for (const part of Array.isArray(parts) ? parts : []) this.#note(scanMessage(part, LIMITS))
      return
    }
    // A copy: the line may be a small part of a large chunk.
    this.#note(message, line.length <= KEPT_BYTES_MAX ? Buffer.from(line) : undefined)
  }

  /** Takes note of a line of the gateway; false when it is not for the client. */
  received(line: Buffer): boolean {
    const message = scanReply(line)
    if (message === undefined) {
      const parts = scanBatch(line, LIMITS)
      for (const part of Array.isArray(parts) ? parts : []) this.received(part)
      return true
    }
    if (message.kind !== 'response' && message.kind !== 'error') return true
    const id = idOf(message).toString()
    const open = this.#open.get(id)
    if (!open) return !this.#answered.delete(id)
    if (open.line && message.kind === 'error' && isNotSent(message)) {
      // It is for the next gateway: this one is stopping.
      this.#open.set(id, { ...open, repeatable: true })
      return false
    }
    this.#open.delete(id)
    if (message.kind === 'response') this.#keep(open)
    return true
  }

  /**
   * What follows from the loss of a gateway. Requests that may have acted are answered with an error that says
   * so; the others are sent again, after what made the session.
   */
  recover(): Recovery {
    const answers: Buffer[] = []
    const lines: Buffer[] = []
    this.#answered.clear()
    for (const line of this.#standing.values()) {
      lines.push(line)
      const message = scanMessage(line, LIMITS)
      if (!('fault' in message) && message.kind === 'request') {
        this.#answered.add(idOf(message).toString())
      }
    }
    for (const [id, { line, repeatable }] of this.#open) {
      if (line && repeatable) {
        lines.push(line)
      } else {
        this.#open.delete(id)
        answers.push(lostAnswer(id))
      }
    }
    return { answers, lines }
  }

  /** The answers for requests that nobody will answer any more. */
  giveUp(): Buffer[] {
    const answers = [...this.#open.keys()].map(lostAnswer)
    this.#open.clear()
    return answers
  }

  /** @param line the message, where it may be kept */
  #note(message: Message | ScanFault, line?: Buffer): void {
    if ('fault' in message) return
    if (message.kind === 'request') {
      if (this.#open.size >= OPEN_MAX) return
      const { method, uri } = message
      const open = { method, uri, line, repeatable: REPEATABLE.has(method) }
      this.#open.set(idOf(message).toString(), open)
    } else if (message.method === 'notifications/cancelled') {
      // No answer will come.
      this.#open.delete(paramText(message, 'requestId') ?? '')
    } else if (message.method === READY && line) {
      this.#standing.set(READY, line)
    }
  }

  #keep({ method, uri, line }: Open): void {
    if (!line) return
    const key = standingKey(method, uri)
    if (method === 'resources/unsubscribe') this.#standing.delete(key)
    else if (key !== '' && this.#standing.size < STANDING_MAX) this.#standing.set(key, line)
    const ready = method === 'initialize' && this.#standing.get(READY)
    if (!ready) return
    // A client need not wait for the answer with it, but it comes after.
    this.#standing.delete(READY)
    this.#standing.set(READY, ready)
  }
}

/** What a later message of the same key takes the place of; empty for what makes no session. */
function standingKey(method: string, uri: string | undefined): string {
  switch (method) {
    case 'initialize':
    case 'logging/setLevel':
      return method
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return `resource ${uri ?? ''}`
    default:
      return ''
  }
}

/** Whether a stopping gateway says that it did nothing about a request. */
function isNotSent({ bytes, error }: Message): boolean {
  const range = findMember(bytes, error, 'data')
  if (!range) return false
  const data: unknown = JSON.parse(bytes.toString('utf8', range.start, range.end))
  const told = { code: '', outcome: '', ...(typeof data === 'object' ? data : {}) }
  return told.code === 'shutting_down' && told.outcome === 'not_sent'
}

/** @param id the literal of the request's id */
function lostAnswer(id: string): Buffer {
  const text = 'the gateway ended before it answered; whether it had acted is unknown'
  const data = { code: 'server_lost', retryable: false, outcome: 'unknown' }
  return errorMessage(Buffer.from(id), RPC.gateway, text, data)
}
