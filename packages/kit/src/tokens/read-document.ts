import { open } from 'node:fs/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { AppError } from '../errors.ts'

const DOCUMENT_BYTES_MAX = 1024 * 1024
const CA_BYTES_MAX = 4 * 1024 * 1024

/** How a document is read. */
export interface ReadDocument {
  /** PEM text, or the path of a PEM file; undefined = the usual authorities. */
  readonly ca?: string | undefined
}

/**
 * Reads one JSON document of an identity provider, from an http or https URL or a file: status 200 only, no
 * redirects, at most 1 MiB.
 *
 * @throws {AppError} `issuer_unavailable`; also when the signal aborts
 */
export async function readDocument(
  place: string,
  options: ReadDocument,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const bytes = isUrl(place)
      ? await get(place, options, signal)
      : await readBounded(place, DOCUMENT_BYTES_MAX)
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    const why = cause instanceof AppError ? cause.message : 'it cannot be read, or is no JSON'
    throw new AppError('issuer_unavailable', `the document of the identity provider: ${why}`, {
      cause,
    })
  }
}

/** Whether a place is a URL rather than a path. */
export function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place)
}

async function get(url: string, { ca }: ReadDocument, signal: AbortSignal): Promise<Buffer> {
  const pem =
    ca === undefined || ca.includes('-----BEGIN') ? ca : await readBounded(ca, CA_BYTES_MAX)
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const request = url.toLowerCase().startsWith('https:') ? requestHttps : requestHttp
  // A connection of its own: it is used once an hour.
  const asked = request(url, {
    ...{ signal, agent: false, headers: { accept: 'application/json', connection: 'close' } },
    ...(pem === undefined ? {} : { ca: pem }),
  })
  asked.on('error', reject)
  asked.on('response', (response) => {
    const { statusCode = 0 } = response
    if (statusCode !== 200) {
      reject(new AppError('issuer_unavailable', `it is answered with status ${statusCode}`))
      asked.destroy()
      return
    }
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('error', reject)
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes <= DOCUMENT_BYTES_MAX) return
      reject(new AppError('issuer_unavailable', 'it has more than 1 MiB'))
      asked.destroy()
    })
    response.on('end', () => resolve(Buffer.concat(chunks)))
  })
  asked.end()
  return await promise
}

async function readBounded(path: string, max: number): Promise<Buffer> {
  await using file = await open(path, 'r')
  const stats = await file.stat()
  if (!stats.isFile() || stats.size > max) {
    throw new AppError('issuer_unavailable', `the file is none, or has more than ${max} bytes`)
  }
  return await file.readFile()
}
