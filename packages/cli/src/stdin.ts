import { AppError } from '@sallyport/kit/errors'

const STDIN_BYTES_MAX = 1024 * 1024

/**
 * Reads stdin to its end as text.
 *
 * @throws {AppError} `usage` beyond 1 MiB
 */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  // Without an encoding stdin yields buffers.
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > STDIN_BYTES_MAX) {
      throw new AppError('usage', `stdin holds more than ${STDIN_BYTES_MAX} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
