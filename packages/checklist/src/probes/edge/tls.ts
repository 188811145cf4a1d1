import {
  failed,
  type Finding,
  judged,
  proved,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { type TlsView, tlsView } from '../../looks/tls-look.ts'
import { NO_PUBLIC_URL, type OpenPlace, openProbe } from './open-probe.ts'
import { both } from './said.ts'

const DAY_MS = 86_400_000
const RENEWED_MS = 21 * DAY_MS
const LATE_MS = 7 * DAY_MS
/** Certificates that live for days are renewed by a share of their life. */
const RENEWED_SHARE = 1 / 4
const LATE_SHARE = 1 / 12

export const publicTls: Probe = openProbe(
  {
    title: 'The public address is https, with a certificate that is valid for its name',
    remedy:
      'set `publicUrl` to an https address, and give the proxy a certificate for that name with its whole chain; name an authority of your own in `checklist.ca`',
  },
  async (place, deployment, signal) => {
    const seen = await seenAt(place, () => tlsView(deployment, signal))
    return 'state' in seen ? seen : judgeTls(seen, place.url?.origin ?? '')
  },
)

/** Chain and name. */
export function judgeTls(
  { chainFault, nameFault, subject, issuer }: TlsView,
  origin: string,
): Finding {
  const faults: Seen[] = []
  if (chainFault !== undefined) {
    faults.push({
      kind: 'tls',
      text: `${origin}: ${chainSentence(chainFault)}, issued by ${issuer}`,
    })
  }
  if (nameFault !== undefined) {
    faults.push({
      kind: 'tls',
      text: `${origin}: the certificate is for another name: ${nameFault}`,
    })
  }
  return judged(faults, [
    {
      kind: 'tls',
      text: `${origin}: the certificate of ${subject}, issued by ${issuer}, is valid`,
    },
  ])
}

function chainSentence(code: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'the certificate has expired'
    case 'CERT_NOT_YET_VALID':
      return 'the certificate is not valid yet'
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return 'the certificate is signed by itself or by an authority that nobody here trusts'
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'the chain is not whole, or leads to an authority that nobody here trusts'
    default:
      return `the certificate is not valid (${code})`
  }
}

export const expiry: Probe = openProbe(
  {
    title: 'The certificate of the public address is renewed in time: 21 days are left',
    remedy: 'renew the certificate, and see why that does not happen by itself',
  },
  async (place, deployment, signal) => {
    const seen = await seenAt(place, () => tlsView(deployment, signal))
    return 'state' in seen ? seen : judgeExpiry(seen, deployment.clock.nowMs())
  },
)

/** Days that are left; of a certificate that lives for days a share of its life. */
export function judgeExpiry({ notBeforeMs = 0, notAfterMs = 0 }: TlsView, nowMs: number): Finding {
  const lifeMs = notAfterMs - notBeforeMs
  const leftMs = notAfterMs - nowMs
  const until = new Date(notAfterMs).toISOString()
  const left =
    leftMs < 2 * DAY_MS
      ? `${Math.floor(leftMs / 3_600_000)} hours`
      : `${Math.floor(leftMs / DAY_MS)} days`
  if (leftMs <= 0) return failed([{ kind: 'tls', text: `the certificate has expired at ${until}` }])
  const text = `the certificate ends at ${until}, in ${left}`
  if (leftMs < Math.min(LATE_MS, lifeMs * LATE_SHARE)) return failed([{ kind: 'tls', text }])
  if (leftMs < Math.min(RENEWED_MS, lifeMs * RENEWED_SHARE)) {
    return unproved('tls', `${text}: it should have been renewed by now`)
  }
  return proved({ kind: 'tls', text })
}

export const versions: Probe = openProbe(
  {
    title: 'Nothing below TLS 1.2 is spoken',
    remedy:
      'set `ssl_protocols TLSv1.2 TLSv1.3;` in nginx, or take `protocols` out of `tls` in Caddy',
  },
  async (place, deployment, signal) => {
    const files = place.sites.flatMap(({ oldVersions }) => [...oldVersions])
    const faults = files.map(({ value, at }): Seen => ({
      kind: 'file',
      text: `${at} allows ${value}`,
    }))
    const seen = await seenAt(place, () => tlsView(deployment, signal))
    if ('state' in seen) return faults.length > 0 ? failed(faults) : seen
    return faults.length > 0 ? both(failed(faults), judgeVersions(seen)) : judgeVersions(seen)
  },
)

/** What was spoken, and what was not. */
export function judgeVersions({ oldVersions = [], protocol }: TlsView): Finding {
  const faults = oldVersions.map((version): Seen => ({ kind: 'tls', text: `${version} is spoken` }))
  return judged(faults, [
    { kind: 'tls', text: `${protocol} is spoken, TLS 1.0 and 1.1 are refused` },
  ])
}

/** What TLS looks like, or why that cannot be said. */
async function seenAt(
  { url }: OpenPlace,
  look: () => Promise<TlsView | undefined>,
): Promise<TlsView | Finding> {
  if (url === undefined) return NO_PUBLIC_URL
  if (url.protocol === 'http:') {
    return failed([{ kind: 'config', text: `\`publicUrl\` is ${url.origin}, without TLS` }])
  }
  const seen = await look()
  if (seen?.unreached === undefined) return seen ?? NO_PUBLIC_URL
  return unproved('tls', `${url.origin}: ${seen.unreached}`, 'start what should answer there')
}
