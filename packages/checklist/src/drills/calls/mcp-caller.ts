import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@sallyport/kit/errors'
import {
  encodeHeaderValue,
  LATEST_MODERN,
  META_CAPABILITIES,
  META_CLIENT_INFO,
  META_ERROR,
  META_VERSION,
} from '@sallyport/kit/mcp'
import type { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { type Answer, send } from './send.ts'

const CALL_MS = 60_000
const TRIES = 3
const AGAIN_MS = 300
const CONNECTIONS_MAX = 32

/** How one request ended. */
export interface Ended {
  readonly ok: boolean
  /** HTTP status; 0 where no answer came. */
  readonly status: number
  /** Code of the error; `ok` where there was none, `cut` where the connection ended without an answer. */
  readonly code: string
  /** Whether the server may have acted on it, where the gateway says so. */
  readonly outcome: string | undefined
  /** Of an error, in the gateway's words. */
  readonly message: string
  /** Whether it was refused before it was sent: nothing listened there any more. */
  readonly unsent: boolean
  /** By `performance.now`. */
  readonly startedMs: number
  readonly endedMs: number
}

/** A request to make. */
export interface Asked {
  readonly method: string
  readonly params?: Readonly<Record<string, unknown>>
}

const META = {
  [META_VERSION]: LATEST_MODERN,
  [META_CLIENT_INFO]: { name: 'sallyport-drill', version: '1' },
  [META_CAPABILITIES]: {},
}

/**
 * One caller of a gateway: asks without a session, over connections that stay open.
 *
 * Source: MCP 2026-07-28, "Per-request metadata" and Streamable HTTP.
 */
export class McpCaller implements Disposable {
  readonly #url: string
  readonly #key: Secret | undefined
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX })

  /** @param url of what is called, such as `http://127.0.0.1:9100/servers/search/mcp` */
  constructor(url: string, key: Secret | undefined) {
    this.#url = url
    this.#key = key
  }

  /** Asks and says how it went; whatever goes wrong is in what it says. Only the signal's own reason is thrown. */
  async ask(asked: Asked, signal: AbortSignal): Promise<Ended> {
    const startedMs = performance.now()
    const { method, params = {} } = asked
    const { name } = params
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)])
    const headers: Record<string, string> = {
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': LATEST_MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': encodeHeaderValue(name) }),
      ...(this.#key !== undefined && { authorization: `Bearer ${this.#key.reveal()}` }),
    }
    const body = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }
    try {
      const answer = await send(this.#url, { headers, body, agent: this.#agent }, bounded)
      return { ...judge(answer), startedMs, endedMs: performance.now() }
    } catch (thrown) {
      signal.throwIfAborted()
      return { ...unanswered(thrown), startedMs, endedMs: performance.now() }
    }
  }

  /** Asks until it succeeds, three times at most; how the last went. @throws the signal's own reason */
  async askUntilGood(asked: Asked, signal: AbortSignal): Promise<Ended> {
    for (let tries = 1; ; tries += 1) {
      const ended = await this.ask(asked, signal)
      if (ended.ok || tries === TRIES) return ended
      await sleep(AGAIN_MS, undefined, { signal })
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

type Judged = Omit<Ended, 'startedMs' | 'endedMs'>

function unanswered(thrown: unknown): Judged {
  const { cause, message } = AppError.from(thrown, 'server_lost')
  const unsent = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
  return { ok: false, status: 0, code: 'cut', outcome: undefined, message, unsent }
}

/** What the gateway says of a failure of its own, in results and errors alike. */
const failure = z.object({ code: z.string(), outcome: z.string().optional() })

const reply = z.object({
  result: z
    .object({
      isError: z.boolean().optional(),
      content: z.array(z.object({ text: z.string().optional() })).optional(),
      _meta: z.object({ [META_ERROR]: failure.optional() }).optional(),
    })
    .optional(),
  error: z
    .object({ code: z.number(), message: z.string(), data: failure.optional().catch(undefined) })
    .optional(),
})

function judge(answer: Answer): Judged {
  const { status } = answer
  const base = { ok: false, status, unsent: false, outcome: undefined }
  const { result, error } = replyOf(answer)
  if (error !== undefined) {
    const { code, outcome } = error.data ?? { code: String(error.code) }
    return { ...base, code, outcome, message: error.message }
  }
  if (result === undefined) {
    return { ...base, code: `http_${status}`, message: `the answer was HTTP ${status}` }
  }
  if (result.isError !== true) return { ...base, ok: true, code: 'ok', message: '' }
  const own = result._meta?.[META_ERROR]
  if (own === undefined)
    return { ...base, code: 'tool_error', message: 'the tool reports an error' }
  return { ...base, ...own, outcome: own.outcome, message: result.content?.[0]?.text ?? '' }
}

/** The JSON body, or the last message of an event stream; nothing where there is neither. */
function replyOf({ text }: Answer): z.output<typeof reply> {
  const lines = text.split('\n').filter((line) => line.startsWith('data:'))
  const json = text.startsWith('{') ? text : (lines.at(-1)?.slice('data:'.length) ?? '{}')
  try {
    return reply.safeParse(JSON.parse(json)).data ?? {}
  } catch {
    return {} // the status speaks for itself
  }
}
