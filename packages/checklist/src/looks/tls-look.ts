import { once } from 'node:events'
import { resolve } from 'node:path'
import { isIP } from 'node:net'
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  getCACertificates,
  type TLSSocket,
} from 'node:tls'
import { AppError } from '@sallyport/kit/errors'
import { type Deployment, fact, type Fact } from '../deployment.ts'
import { sentenceOf } from './exact-request.ts'
import { MISSING_TEXT, readText } from './read-text.ts'

const DEADLINE_MS = 2_500

/** How TLS is spoken at the public address. */
export interface TlsView {
  /** Why nothing could be seen; then nothing else is there. */
  readonly unreached?: string
  /** OpenSSL's word for what is wrong with the chain, such as `CERT_HAS_EXPIRED`; undefined = nothing. */
  readonly chainFault?: string | undefined
  /** Why the name does not fit; undefined = it does. */
  readonly nameFault?: string | undefined
  readonly subject?: string
  readonly issuer?: string
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
  /** `TLSv1.3` */
  readonly protocol?: string
  /** Versions below 1.2 that are spoken. */
  readonly oldVersions?: readonly string[]
}

/** Authorities that are trusted: those of this machine, and of `checklist.ca`. PEM. */
export const authorities: Fact<readonly string[]> = fact(async (deployment, signal) => {
  const usual = getCACertificates('default')
  const { ca } = deployment.settings
  if (ca === undefined) return usual
  const file = resolve(deployment.folder, ca)
  const { text, missing } = await readText(file, signal)
  if (text !== undefined) return [...usual, text]
  throw new AppError('config_invalid', `the file of \`checklist.ca\` ${MISSING_TEXT[missing]}`)
})

/** What TLS at `publicUrl` looks like; undefined where there is none to look at. */
export const tlsView: Fact<TlsView | undefined> = fact(async (deployment, signal) => {
  const url = publicTls(deployment)
  if (url === undefined) return undefined
  const place = { host: bare(url.hostname), port: Number(url.port || 443) }
  const ca = [...(await authorities(deployment, signal))]
  const seen = await handshake(place, { ca }, signal)
  if (seen.unreached !== undefined) return seen
  const oldVersions: string[] = []
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    // The library itself does without them unless it is told so.
    const options = {
      minVersion: version,
      maxVersion: version,
      ciphers: 'ALL:@SECLEVEL=0',
    } as const
    const old = await handshake(place, options, signal)
    if (old.unreached === undefined) oldVersions.push(version)
  }
  return { ...seen, oldVersions }
})

/** Whether a key may be sent to the public address: its certificate is valid, or it is this machine's. */
export async function mayCarryKey(deployment: Deployment, signal: AbortSignal): Promise<boolean> {
  const seen = await tlsView(deployment, signal)
  return seen !== undefined && seen.unreached === undefined && !seen.chainFault && !seen.nameFault
}

function publicTls({ config }: Deployment): URL | undefined {
  const url = config?.publicUrl === undefined ? undefined : new URL(config.publicUrl)
  return url?.protocol === 'https:' ? url : undefined
}

async function handshake(
  place: { readonly host: string; readonly port: number },
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<TlsView> {
  const servername = isIP(place.host) === 0 ? { servername: place.host } : {}
  const own = AbortSignal.timeout(DEADLINE_MS)
  const socket = connect({ ...place, ...servername, ...options, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.any([signal, own]) })
    return toView(socket, place.host)
  } catch (thrown) {
    signal.throwIfAborted()
    if (own.aborted) return { unreached: `no handshake within ${DEADLINE_MS} ms` }
    return { unreached: sentenceOf(thrown) }
  } finally {
    // It may fail once more while it is taken down.
    socket.on('error', () => undefined)
    socket.destroy()
  }
}

function toView(socket: TLSSocket, host: string): TlsView {
  const certificate = socket.getPeerCertificate()
  const fault = socket.authorizationError as Error | string | undefined // a code, whatever its type says
  const code = fault === undefined || fault === null ? undefined : String(fault)
  return {
    // The name is judged by itself, so that both are told where both are wrong.
    chainFault: code?.includes('ALTNAME') === true ? undefined : code,
    nameFault: checkServerIdentity(host, certificate)?.message,
    subject: String(certificate.subject?.CN ?? certificate.subjectaltname ?? ''),
    issuer: String(certificate.issuer?.CN ?? certificate.issuer?.O ?? ''),
    notBeforeMs: Date.parse(certificate.valid_from),
    notAfterMs: Date.parse(certificate.valid_to),
    protocol: socket.getProtocol() ?? '',
  }
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}
