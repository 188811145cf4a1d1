import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { parsedText, refuse } from './text.ts'
import { duration } from './units.ts'

/** How a remote server's certificate is checked, and how we prove who we are to it. */
export interface TlsConfig {
  /** PEM text, or the absolute path of a PEM file. */
  readonly ca?: string | undefined
  /** Our certificate, as `ca`; only together with `key`. */
  readonly cert?: string | undefined
  /** Its private key, as `ca`. */
  readonly key?: Secret | undefined
}

/** Which transport a remote server is spoken to in; `auto` finds out. */
export type RemoteTransport = 'auto' | 'http' | 'sse'

const pem = z
  .string()
  .min(1)
  .max(262_144)
  .regex(/^[^\0]*$/, 'the text holds a NUL character')

const tls = z
  .strictObject({
    ca: pem.optional().meta({
      description:
        'Authorities to trust in place of the usual ones: a PEM file relative to this file, or PEM text.',
    }),
    cert: pem.optional().meta({
      description:
        'Our certificate, for servers that ask for one: a PEM file relative to this file, or PEM text.',
    }),
    key: pem
      .transform((text) => new Secret(text))
      .optional()
      .meta({
        description:
          'Private key of `cert`: a PEM file relative to this file, or a reference to PEM text.',
        'x-kind': 'secret',
      }),
  })
  .superRefine(({ cert, key }, context) => {
    if ((cert === undefined) === (key === undefined)) return
    const [missing, given] = cert === undefined ? ['cert', 'key'] : ['key', 'cert']
    refuse(context, `\`${given}\` needs \`${missing}\``, `add \`${missing}\``, [given])
  })

const proxyText = parsedText({
  parse: (text) => (text === 'none' || isProxyUrl(text) ? text : undefined),
  expected: '`none` or an http or https URL of a proxy without path',
  remedy: 'write it like `http://proxy.example.com:3128`, with `user:password@` by reference',
})

/** The keys only a server with `url` has. None has a default: a key that is absent must show as absent. */
export const remoteKeys = {
  transport: z.enum(['auto', 'http', 'sse']).optional().meta({
    description:
      'How it is spoken to: `http` = Streamable HTTP, `sse` = the older HTTP+SSE, `auto` (default) tries them in that order.',
  }),
  tls: tls.optional().meta({
    description: 'How its certificate is checked, and which one it is shown.',
  }),
  connectTimeout: duration({
    min: '100ms',
    max: '5m',
    description:
      'Time for a connection to it, that of the proxy and TLS included; `10s` by default.',
  }).optional(),
  readTimeout: duration({
    min: '1s',
    max: '1h',
    description:
      'Longest silence between two bytes of an answer; none by default, so that only `callTimeout` ends the wait.',
  }).optional(),
  proxy: proxyText
    .transform((text) => (text === 'none' ? text : new Secret(text)))
    .optional()
    .meta({
      description:
        'Proxy toward it, an http or https URL, or `none`; by default HTTPS_PROXY, HTTP_PROXY and NO_PROXY decide, and never for loopback.',
      'x-kind': 'secret',
    }),
} as const

const CONNECT_MS_DEFAULT = 10_000

interface RemoteEntry {
  readonly transport?: RemoteTransport | undefined
  readonly tls?: TlsConfig | undefined
  readonly connectTimeout?: number | undefined
  readonly readTimeout?: number | undefined
  readonly proxy?: 'none' | Secret | undefined
}

/** What is the same in every remote server's configuration, complete. */
export interface RemoteConfig {
  readonly transport: RemoteTransport
  readonly tls?: TlsConfig | undefined
  /** Time for a connection, proxy and TLS included, milliseconds. */
  readonly connectMs: number
  /** Longest silence between two bytes of an answer, milliseconds; undefined = any. */
  readonly readMs?: number | undefined
  /** URL of a proxy, perhaps with credentials; `none` = never; undefined = as the environment says. */
  readonly proxy?: 'none' | Secret | undefined
}

export function toRemoteConfig(entry: RemoteEntry): RemoteConfig {
  const { transport = 'auto', tls, connectTimeout, readTimeout, proxy } = entry
  const connectMs = connectTimeout ?? CONNECT_MS_DEFAULT
  return { transport, tls, connectMs, readMs: readTimeout, proxy }
}

/** Whether a value is PEM text itself, and not the path of a file. */
export function isPem(text: string): boolean {
  return text.includes('-----BEGIN')
}

function isProxyUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  return url.pathname === '/' && `${url.search}${url.hash}` === ''
}
