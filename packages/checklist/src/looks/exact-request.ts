import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'

const DEADLINE_MS = 3_000
const BODY_BYTES_MAX = 512 * 1024

/** Why there is no answer where TLS asks for a certificate of the caller. */
export const ASKS_CERTIFICATE = 'it asks for a certificate of the caller'

/** One request, sent exactly so: no redirect is followed and no header added but `Host`, lengths and `Connection`. */
export interface AskOptions {
  readonly method?: string
  /** `host` goes out as it stands; the name that TLS asks for stays that of the URL. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The body is declared in `headers` and never comes. */
  readonly isOpen?: true
  /** PEM of the authorities to trust. Without it nobody is trusted and the certificate is not looked at. */
  readonly authorities?: readonly string[]
  /**
   * When the answer is enough: `end` (default) = whole, at most 512 KiB; `head` = its head; `event` = the first
   * event of a stream.
   */
  readonly until?: 'end' | 'head' | 'event'
  /** From the first byte sent to what `until` waits for; 3,000 ms by default. */
  readonly deadlineMs?: number
}

/** An HTTP answer. */
export interface HttpAnswer {
  readonly status: number
  /** By lower-case name; several lines of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** As far as it was read. */
  readonly text: string
  /** Until what was waited for had come, milliseconds. */
  readonly tookMs: number
}

/** What came of a request: an answer, or the reason why there is none. */
export type Reply = HttpAnswer | { readonly unreached: string }

/** A request in words, and what came of it. */
export interface Said {
  /** `GET http://127.0.0.1:9100/health without a key`. */
  readonly request: string
  readonly reply: Reply
}

/** Sends one request on a connection of its own. Never rejects but with the signal's own reason. */
export async function ask(url: string, options: AskOptions, signal: AbortSignal): Promise<Reply> {
  const { deadlineMs = DEADLINE_MS } = options
  const own = AbortSignal.timeout(deadlineMs)
  try {
    return await send(url, options, AbortSignal.any([signal, own]))
  } catch (thrown) {
    signal.throwIfAborted()
    if (own.aborted) return { unreached: `no answer within ${deadlineMs} ms` }
    return { unreached: sentenceOf(thrown) }
  }
}

/** Whether there was an answer. */
export function isAnswer(reply: Reply): reply is HttpAnswer {
  return 'status' in reply
}

/** The JSON of an answer, of the last event of a stream too; undefined where it is none. */
export function jsonOf({ text }: HttpAnswer): unknown {
  const data = text.split('\n').findLast((line) => line.startsWith('data:'))
  try {
    return JSON.parse(data === undefined ? text : data.slice('data:'.length))
  } catch {
    return undefined // whoever asks judges that it is none
  }
}

function send(url: string, options: AskOptions, signal: AbortSignal): Promise<HttpAnswer> {
  const target = new URL(url)
  const { method = 'GET', headers = {}, body, authorities, until = 'end' } = options
  const isTls = target.protocol === 'https:'
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    const sent = (isTls ? tlsRequest : plainRequest)(
      target,
      {
        ...{ method, signal, agent: false, headers: { ...length, ...headers } },
        ...(isTls && {
          // Without authorities nothing secret is sent: whoever asks looks at the answer alone.
          rejectUnauthorized: authorities !== undefined,
          ...(authorities !== undefined && { ca: [...authorities] }),
          ...(isIP(bare(target.hostname)) === 0 && { servername: target.hostname }),
        }),
      },
      (incoming) => {
        const done = (text: string): void => {
          resolve(toAnswer(incoming, text, performance.now() - startedMs))
          sent.destroy()
        }
        read(incoming, until, done, reject)
      },
    )
    sent.on('error', reject)
    if (options.isOpen) sent.flushHeaders()
    else sent.end(body)
  })
}

function read(
  incoming: IncomingMessage,
  until: 'end' | 'head' | 'event',
  done: (text: string) => void,
  fail: (error: Error) => void,
): void {
  incoming.on('error', fail)
  if (until === 'head') return done('')
  let bytes = 0
  const chunks: Buffer[] = []
  const text = (): string => Buffer.concat(chunks).toString()
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > BODY_BYTES_MAX || (until === 'event' && /\r?\n\r?\n/.test(text()))) done(text())
  })
  incoming.on('end', () => done(text()))
}

function toAnswer(incoming: IncomingMessage, text: string, tookMs: number): HttpAnswer {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headersDistinct)) {
    headers[name] = value?.join(', ') ?? ''
  }
  return { status: incoming.statusCode ?? 0, headers, text, tookMs: Math.round(tookMs) }
}

/** Why a connection failed, as the end of a sentence. */
export function sentenceOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there'
    case 'ECONNRESET':
      return 'the connection was closed without an answer'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name cannot be resolved here'
    default:
      if (/ALERT_(?:CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE)/.test(code)) {
        return ASKS_CERTIFICATE
      }
      if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return tlsSentence(thrown, code)
      if (code.startsWith('HPE_')) return 'what answers there does not speak HTTP'
      if (code !== '') return `it fails with ${code}`
      // Both families of addresses were tried, each with an error of its own.
      return thrown instanceof AggregateError ? 'nothing listens there' : 'it fails'
  }
}

function tlsSentence(thrown: unknown, code: string): string {
  const said = `${code} ${thrown instanceof Error ? thrown.message : ''}`
  // As OpenSSL says of an answer in the clear.
  return /WRONG_VERSION_NUMBER|wrong version number|PACKET_LENGTH/.test(said)
    ? 'what answers there does not speak TLS'
    : `the handshake of TLS fails (${code})`
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}
