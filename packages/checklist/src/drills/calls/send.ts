import { type Agent, type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { AppError } from '@sallyport/kit/errors'

const ANSWER_BYTES_MAX = 16 * 1_024 * 1_024

/** One request of a drill. */
export interface Outgoing {
  readonly method?: 'GET' | 'POST' | 'DELETE' | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON. */
  readonly body?: unknown
  readonly agent?: Agent | undefined
}

/** What came back, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/**
 * One request and its whole answer, at most 16 MiB of it.
 *
 * @throws {AppError} `server_lost` when the connection fails or ends early, `result_too_large`; the signal's
 *   own reason
 */
export function send(url: string, outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
  const { method = 'POST', headers = {}, body, agent = false } = outgoing
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const typed = payload && { 'content-type': 'application/json', 'content-length': payload.length }
  const request = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      if (signal.aborted) reject(signal.reason as Error) // a signal aborts with an error
      else if (cause instanceof AppError) reject(cause)
      else
        reject(new AppError('server_lost', `the connection failed (${codeOf(cause)})`, { cause }))
    }
    const sent = request(url, { method, headers: { ...headers, ...typed }, agent, signal })
    sent.on('error', fail)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= ANSWER_BYTES_MAX) chunks.push(chunk)
        else sent.destroy(new AppError('result_too_large', 'the answer is larger than 16 MiB'))
      })
      response.on('error', fail)
      response.on('close', () => fail('cut'))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    sent.end(payload)
  })
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'ended early'
}
