import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { isPem, type TlsConfig } from '@sallyport/contract/config'

/** Reports a problem with one key of `tls`. */
export type ReportPem = (key: keyof TlsConfig, message: string, remedy: string) => void

const PEM_BYTES_MAX = 4_194_304

/**
 * Sees whether what `tls` names can be read and is what it is to be: certificates, a private key, and the two
 * a pair. No message holds any of it.
 */
export function lookUpPem(tls: TlsConfig | undefined, report: ReportPem): void {
  if (tls?.ca !== undefined) certificateOf('ca', tls.ca, report)
  const certificate = tls?.cert === undefined ? undefined : certificateOf('cert', tls.cert, report)
  const key = tls?.key === undefined ? undefined : keyOf(tls.key.reveal(), report)
  if (certificate === undefined || key === undefined || certificate.checkPrivateKey(key)) return
  report(
    'key',
    'it is not the key of `tls.cert`',
    'name the key that the certificate was made with',
  )
}

/** The first certificate, when all of them are well-formed. */
function certificateOf(
  name: 'ca' | 'cert',
  pem: string,
  report: ReportPem,
): X509Certificate | undefined {
  const text = textOf(name, pem, 'certificate', report)
  if (text === undefined) return undefined
  const blocks = blocksOf(text, /^(?:TRUSTED |X509 )?CERTIFICATE$/)
  const remedy = 'name a file with `-----BEGIN CERTIFICATE-----`, or paste its text'
  if (blocks.length === 0) {
    report(name, `${sourceOf(pem)} holds no PEM certificate`, remedy)
    return undefined
  }
  const certificates = blocks.map(parseCertificate)
  const broken = certificates.indexOf(undefined)
  if (broken === -1) return certificates[0]
  report(name, `certificate ${broken + 1} of ${sourceOf(pem)} is damaged`, remedy)
  return undefined
}

function keyOf(pem: string, report: ReportPem): KeyObject | undefined {
  const text = textOf('key', pem, 'key', report)
  if (text === undefined) return undefined
  const [block] = blocksOf(text, /PRIVATE KEY$/)
  const remedy = 'name a file with `-----BEGIN PRIVATE KEY-----`, or refer to its text'
  if (block === undefined) {
    report('key', `${sourceOf(pem)} holds no PEM private key`, remedy)
    return undefined
  }
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(block)) {
    const unlock = 'write it without a passphrase, with `openssl pkey -in key.pem -out plain.pem`'
    report('key', `the private key of ${sourceOf(pem)} is encrypted`, unlock)
    return undefined
  }
  const key = parseKey(block)
  if (key === undefined) report('key', `the private key of ${sourceOf(pem)} is damaged`, remedy)
  return key
}

function textOf(
  name: keyof TlsConfig,
  pem: string,
  what: string,
  report: ReportPem,
): string | undefined {
  const text = isPem(pem) ? pem : readPem(pem)
  if (text === undefined) {
    report(name, `the ${what} file cannot be read`, 'correct the path, or paste the PEM text')
  }
  return text
}

function readPem(file: string): string | undefined {
  try {
    const stats = statSync(file)
    // Notes beside the blocks may be in any encoding.
    return stats.isFile() && stats.size <= PEM_BYTES_MAX ? readFileSync(file, 'latin1') : undefined
  } catch {
    return undefined // absent, or not for us: both mean it cannot be used
  }
}

/** Where PEM text was read, in words: a value of the file itself may be a secret. */
function sourceOf(pem: string): string {
  return isPem(pem) ? 'the text' : 'the file'
}

/** The blocks of one kind, each from its BEGIN to its END. */
function blocksOf(text: string, label: RegExp): string[] {
  return text
    .split('-----BEGIN ')
    .slice(1)
    .flatMap((part) => {
      const kind = part.slice(0, part.indexOf('-----'))
      const end = `-----END ${kind}-----`
      const at = part.indexOf(end)
      return at !== -1 && label.test(kind) ? [`-----BEGIN ${part.slice(0, at)}${end}\n`] : []
    })
}

function parseCertificate(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block)
  } catch {
    return undefined // no certificate: its caller says so
  }
}

function parseKey(block: string): KeyObject | undefined {
  try {
    return createPrivateKey(block)
  } catch {
    return undefined // no key: its caller says so, without the text of OpenSSL
  }
}
