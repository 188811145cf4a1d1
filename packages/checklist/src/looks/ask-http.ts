import { AppError } from '@sallyport/kit/errors'

const DEADLINE_MS = 5_000
const BYTES_MAX = 8 * 1024 ** 2

/** What an HTTP server answered. */
export interface HttpAnswer {
  readonly status: number
  /** The media type as sent; empty where none was. */
  readonly contentType: string
  readonly text: string
}

/** What one question may carry and cost. */
export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes of the body that are read; 8 MiB by default. */
  readonly bytesMax?: number
  /** Milliseconds from the first packet to the last; 5,000 by default. */
  readonly deadlineMs?: number
}

/**
 * One GET, of whatever status. Redirects are answers and are not followed.
 *
 * @throws {AppError} `server_unavailable`, `deadline_exceeded`, `result_too_large`; the signal's own reason
 */
export async function askHttp(
  url: string,
  signal: AbortSignal,
  { headers = {}, bytesMax = BYTES_MAX, deadlineMs = DEADLINE_MS }: AskOptions = {},
): Promise<HttpAnswer> {
  const own = AbortSignal.timeout(deadlineMs)
  try {
    const both = AbortSignal.any([signal, own])
    const answer = await fetch(url, { headers, redirect: 'manual', signal: both })
    const contentType = answer.headers.get('content-type') ?? ''
    return { status: answer.status, contentType, text: await bodyOf(answer, bytesMax) }
  } catch (thrown) {
    signal.throwIfAborted()
    if (thrown instanceof AppError) throw thrown
    if (own.aborted) {
      throw new AppError('deadline_exceeded', `${url} did not answer within ${deadlineMs} ms`)
    }
    const why = reasonOf(thrown)
    throw new AppError('server_unavailable', `${url} cannot be reached: ${why}`, { cause: thrown })
  }
}

async function bodyOf({ body, url }: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > bytesMax) {
      throw new AppError('result_too_large', `${url} answered with more than ${bytesMax} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** `ECONNREFUSED` says more than `fetch failed`. */
function reasonOf(thrown: unknown): string {
  const { cause } = thrown as { cause?: { code?: string; message?: string } } // fetch throws errors with one
  return cause?.code ?? cause?.message ?? String(thrown)
}
