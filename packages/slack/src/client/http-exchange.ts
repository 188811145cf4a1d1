import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { Agent as HttpsAgent, request as secureRequest } from 'node:https'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Deadline, Deadlines } from '@sallyport/kit/limits'
import { isLoopbackHost } from './slack-hosts.ts'

const unzip = promisify(gunzip)

/** Connections to one host; further requests wait for one of them, and their deadline runs. */
const SOCKETS_MAX = 256
const FREE_SOCKETS_MAX = 32
/** Shorter than any server keeps an idle connection: a request on one that was just closed has an unknown outcome. */
const IDLE_MS = 4_000
/** What is read of an answer that is no success. */
const FAILURE_BYTES_MAX = 64 * 1024

/** One request as it goes out. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly signal: AbortSignal
  /** For all of it: connecting, sending, reading. */
  readonly timeoutMs: number
  /** Of the answer's body, unpacked. */
  readonly bytesMax: number
}

/** What came back; redirects are not followed. */
export interface HttpAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Why nothing, or only a part, came back. */
export interface HttpFailure {
  readonly kind: 'failure'
  readonly why: 'aborted' | 'timeout' | 'network' | 'too_large'
  /** Whether a byte of the request may have reached the other side. */
  readonly sent: boolean
  /** The system's code, such as `ECONNREFUSED`. */
  readonly code: string
}

/**
 * Requests with one deadline, one signal and one bound each, over connections that are kept for a short while.
 * Nothing is sent twice. Disposing it closes every connection.
 */
export class HttpExchange implements Disposable {
  readonly #deadlines: Deadlines
  readonly #plain = new HttpAgent(agentOptions())
  readonly #secure = new HttpsAgent(agentOptions())
  readonly #secureByProxy: HttpsAgent

  /** @param environment names the proxy to hosts other than this one: HTTPS_PROXY and NO_PROXY */
  constructor(deadlines: Deadlines, environment: NodeJS.ProcessEnv = process.env) {
    this.#deadlines = deadlines
    this.#secureByProxy = new HttpsAgent({ ...agentOptions(), proxyEnv: environment })
  }

  /** Connections that are open, for tests. */
  get sockets(): number {
    const lists = [this.#plain, this.#secure, this.#secureByProxy].flatMap((agent) => [
      ...Object.values(agent.sockets),
      ...Object.values(agent.freeSockets),
    ])
    return lists.reduce((sum, list) => sum + (list?.length ?? 0), 0)
  }

  /** Total: whatever happens is a value. */
  async send(outgoing: HttpRequest): Promise<HttpAnswer | HttpFailure> {
    if (outgoing.signal.aborted) return failure('aborted', false)
    const outcome = await new Promise<HttpAnswer | HttpFailure>((resolve) => {
      const exchange = new OneExchange(this.#open(outgoing), outgoing, resolve)
      exchange.start(this.#deadlines)
    })
    if (outcome.kind === 'failure' || outcome.headers['content-encoding'] !== 'gzip') return outcome
    try {
      return { ...outcome, body: await unzip(outcome.body, { maxOutputLength: outgoing.bytesMax }) }
    } catch (thrown) {
      const tooLarge = codeOf(thrown) === 'ERR_BUFFER_TOO_LARGE'
      return failure(tooLarge ? 'too_large' : 'network', true, codeOf(thrown))
    }
  }

  [Symbol.dispose](): void {
    this.#plain.destroy()
    this.#secure.destroy()
    this.#secureByProxy.destroy()
  }

  #open({ url, method, headers, body }: HttpRequest): ClientRequest {
    const target = new URL(url)
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const options = { method, headers: { ...headers, 'accept-encoding': 'gzip', ...length } }
    if (target.protocol === 'http:') return request(target, { ...options, agent: this.#plain })
    const agent = isLoopbackHost(target.hostname) ? this.#secure : this.#secureByProxy
    return secureRequest(target, { ...options, agent })
  }
}

function agentOptions(): {
  keepAlive: true
  maxSockets: number
  maxFreeSockets: number
  timeout: number
} {
  return {
    keepAlive: true,
    maxSockets: SOCKETS_MAX,
    maxFreeSockets: FREE_SOCKETS_MAX,
    timeout: IDLE_MS,
  }
}

/** One request on its way; settles once. */
class OneExchange {
  readonly #request: ClientRequest
  readonly #outgoing: HttpRequest
  readonly #resolve: (outcome: HttpAnswer | HttpFailure) => void
  readonly #parts: Buffer[] = []
  #deadline: Deadline | undefined
  #bytes = 0
  #sent = false
  #settled = false

  constructor(
    outgoing: ClientRequest,
    parts: HttpRequest,
    resolve: (outcome: HttpAnswer | HttpFailure) => void,
  ) {
    this.#request = outgoing
    this.#outgoing = parts
    this.#resolve = resolve
  }

  start(deadlines: Deadlines): void {
    const { signal, body, url, timeoutMs } = this.#outgoing
    this.#deadline = deadlines.add(timeoutMs, () => this.#stop(failure('timeout', this.#sent)))
    signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#request
      .on('error', (error) => this.#settle(failure('network', this.#sent, codeOf(error))))
      .on('response', (response) => this.#read(response))
      .on('socket', (socket) => {
        const ready = url.startsWith('https:') ? 'secureConnect' : 'connect'
        if (socket.connecting) socket.once(ready, () => (this.#sent = true))
        else this.#sent = true
      })
      .end(body)
  }

  readonly #onAbort = (): void => this.#stop(failure('aborted', this.#sent))

  #read(response: IncomingMessage): void {
    const status = response.statusCode ?? 0
    const success = status >= 200 && status < 300
    const bytesMax = success ? this.#outgoing.bytesMax : FAILURE_BYTES_MAX
    response
      .on('data', (part: Buffer) => {
        this.#bytes += part.length
        if (this.#bytes > bytesMax) this.#stop(failure('too_large', true))
        else this.#parts.push(part)
      })
      .on('end', () => {
        const { headers } = response
        this.#settle({ kind: 'answer', status, headers, body: Buffer.concat(this.#parts) })
      })
      .on('error', (error) => this.#settle(failure('network', true, codeOf(error))))
      .on('close', () => this.#settle(failure('network', true, 'ECONNRESET')))
  }

  #stop(outcome: HttpFailure): void {
    this.#settle(outcome)
    this.#request.destroy()
  }

  #settle(outcome: HttpAnswer | HttpFailure): void {
    if (this.#settled) return
    this.#settled = true
    this.#deadline?.cancel()
    this.#outgoing.signal.removeEventListener('abort', this.#onAbort)
    this.#resolve(outcome)
  }
}

function failure(why: HttpFailure['why'], sent: boolean, code = ''): HttpFailure {
  return { kind: 'failure', why, sent, code }
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : 'unknown'
}
