import type { FetchFunction } from '@slack/web-api'
import { AppError } from '@sallyport/kit/errors'

/**
 * A `fetch` that ends with `signal`, follows nobody elsewhere and reads at most `bytesMax` of an answer.
 *
 * @returns a function that rejects with an AppError `slack_protocol` for a larger answer
 */
export function boundedFetch(signal: AbortSignal, bytesMax: number): FetchFunction {
  return async (url, init) => {
    const response = await fetch(url, { ...init, redirect: 'error', signal })
    const bytes = await readBytes(response, bytesMax)
    return {
      ok: response.ok,
      status: response.status,
      statusText: response.statusText,
      url: response.url,
      headers: response.headers,
      arrayBuffer: () => Promise.resolve(new Uint8Array(bytes).buffer),
      json: () => Promise.resolve<unknown>(JSON.parse(bytes.toString())),
      text: () => Promise.resolve(bytes.toString()),
    }
  }
}

async function readBytes(response: Response, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop cancels the rest of the body.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > bytesMax) {
      throw new AppError('slack_protocol', `the answer is larger than ${bytesMax} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
