import type { ServerResponse } from 'node:http'

/** How the hostile server is spoken to. */
export const FORMS = ['stdio', 'http', 'sse'] as const
export type Form = (typeof FORMS)[number]
export type Era = 'legacy' | 'modern'

/** What a call asks the hostile server for; the harness writes it into the arguments. */
export interface Order {
  /** The call's own number: a good answer says `ok <n>`. */
  readonly n: number
  /** Name of a fault, or `ok`. */
  readonly fault: string
  /** How long after its arrival the fault strikes, milliseconds. */
  readonly strikeMs: number
  /** The deadline that the gateway has for the call, milliseconds. */
  readonly deadlineMs: number
}

/** One call as the server got it, and every way to answer it, right or wrong. */
export interface Wire {
  readonly form: Form
  readonly era: Era
  readonly id: unknown
  readonly order: Order
  /** Nobody reads any more. */
  readonly gone: boolean
  /** Sends a whole message ahead of the answer; resolves once there is room for more. */
  event(message: object): Promise<void>
  /** Sends this as if it was the answer, and ends what carried it. */
  body(bytes: string | Buffer): void
  /** Sends a piece of an answer that goes on; resolves once there is room for more. */
  part(bytes: string | Buffer): Promise<void>
  /** Ends what `event` or `part` began. */
  end(): void
  /** Of the POST that carried the call; none over stdio, and answered already over SSE unless it is struck. */
  readonly response: ServerResponse | undefined
  /** The stream on which answers go; SSE alone. */
  readonly stream: ServerResponse | undefined
}

/** One way to hurt whoever waits for an answer. */
export interface Fault {
  readonly forms: readonly Form[]
  /** How many of 1,000 calls ask for it; the others are good and may get hurt. */
  readonly per1000: number
  /** What its own calls get at the gateway: never an error, always one, or whatever comes first. */
  readonly gets: 'result' | 'error' | 'either'
  strike(wire: Wire): unknown
}

/** A good answer to the call. */
export function good({ id, order }: Wire): Readonly<Record<string, unknown>> {
  const content = [{ type: 'text', text: `ok ${order.n}` }]
  return { jsonrpc: '2.0', id, result: { content, resultType: 'complete' } }
}

/** The same as text. */
export function goodText(wire: Wire): string {
  return JSON.stringify(good(wire))
}
