import type { Order } from '../hostile/wire.ts'

/** One call that the harness makes. */
export interface PlannedCall {
  readonly server: string
  /** `do` may change things; `look` is pinned read-only, so it may be repeated. */
  readonly tool: 'do' | 'look'
  readonly order: Order
  /** Whether it asks for the fault itself. */
  readonly faulty: boolean
  /** When it is sent, milliseconds after the first. */
  readonly startMs: number
}

/** How a call ended for its caller. */
export interface CallReport {
  readonly call: PlannedCall
  readonly client: ClientKind
  readonly ms: number
  readonly outcome: 'result' | 'error' | 'strange'
  /** Of an error: its code. Of what is strange: what it was. */
  readonly what: string
}

/** How callers reach the gateway. `asked` = a legacy session that says it can be asked, and never answers. */
export type ClientKind = 'modern' | 'legacy' | 'asked' | 'sse' | 'stdio'

/** The message of a call. */
export function callMessage(call: PlannedCall, id: number, meta?: object): object {
  const name = `${call.server}__${call.tool}`
  const params = { name, arguments: call.order, ...(meta ? { _meta: meta } : {}) }
  return { jsonrpc: '2.0', id, method: 'tools/call', params }
}

interface Answer {
  readonly id?: unknown
  readonly result?: {
    readonly isError?: boolean
    readonly content?: readonly { readonly text?: string }[]
    readonly _meta?: Readonly<Record<string, { readonly code?: string }>>
  }
  readonly error?: { readonly code?: number; readonly data?: { readonly code?: string } }
}

type Judgement = Pick<CallReport, 'outcome' | 'what'>

/** Says what an answer is: the call's own result, an error that says its kind, or neither. */
export function judgeAnswer(call: PlannedCall, id: number, text: string): Judgement {
  const answer = parse(text)
  if (answer === undefined) return strange(text)
  if (answer.id !== id) return strange(`the answer to ${id} is ${text}`)
  const code =
    answer.result?._meta?.['dev.sallyport/error']?.code ??
    answer.error?.data?.code ??
    answer.error?.code
  if (code !== undefined) return { outcome: 'error', what: String(code) }
  if (answer.result?.content?.[0]?.text === `ok ${call.order.n}`) {
    return { outcome: 'result', what: '' }
  }
  return strange(text)
}

export function strange(what: string): Judgement {
  return { outcome: 'strange', what: what.slice(0, 300) }
}

/** A JSON body, or the last message of an event stream. */
function parse(text: string): Answer | undefined {
  const last = text.startsWith('{') ? text : text.slice(text.lastIndexOf('\ndata:') + 6)
  try {
    return JSON.parse(last) as Answer // every member is looked at before it is used
  } catch {
    return undefined
  }
}
