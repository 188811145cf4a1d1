import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContext } from 'node:tls'
import { isPem, type TlsConfig } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'

/** What a server's TLS settings come to once their files are read. */
export interface TlsMaterial {
  /** Our certificate and key, and whom to trust. */
  readonly context: SecureContext
  /** The authorities of `tls.ca` as PEM text. */
  readonly ca: string | undefined
}

/**
 * Reads certificates and key anew, so that renewed files hold from the next session on.
 *
 * @throws {AppError} `server_start_failed`
 */
export async function loadTls(config: TlsConfig | undefined): Promise<TlsMaterial | undefined> {
  if (config === undefined) return undefined
  const [ca, cert, key] = await Promise.all([
    readPem('ca', config.ca),
    readPem('cert', config.cert),
    readPem('key', config.key?.reveal()),
  ])
  try {
    return { context: createSecureContext({ ca, cert, key }), ca }
  } catch (thrown) {
    const sentence = 'what `tls` names is no PEM, or `tls.cert` and `tls.key` are no pair'
    throw new AppError('server_start_failed', sentence, { cause: thrown })
  }
}

async function readPem(name: string, pem: string | undefined): Promise<string | undefined> {
  if (pem === undefined || isPem(pem)) return pem
  try {
    return await readFile(pem, 'utf8')
  } catch (thrown) {
    throw new AppError('server_start_failed', `tls.${name} cannot be read`, { cause: thrown })
  }
}
