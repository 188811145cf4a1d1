import { z } from 'zod'
import { parseCidr, parseListen, type ListenAddress } from './address.ts'
import { parsedText } from './text.ts'

const INHERITED =
  '`fd:3` is socket 3 of the parent process; one that systemd hands over counts instead of what stands here.'

/** An address to listen on, with its default. */
export function listenAddress(
  fallback: string,
  description: string,
): z.ZodPrefault<z.ZodType<ListenAddress, string>> {
  return parsedText({
    parse: parseListen,
    expected: 'an IP address with a port, or localhost with a port',
    remedy: `write it like \`${fallback}\` or \`[::1]:9100\`; port 0 takes any free one; \`fd:3\` takes socket 3 of the parent process`,
  })
    .prefault(fallback)
    .meta({ description: `${description} ${INHERITED}`, 'x-kind': 'address' })
}

/** Where people and other systems reach the gateway. */
export const publicUrl = parsedText({
  parse: parsePublicUrl,
  expected: 'an http or https URL without user, query and fragment',
  remedy: 'write it like `https://mcp.example.com`',
})
  .optional()
  .meta({
    description:
      'Address under which clients reach the gateway; its host is allowed in the Host header. None by default.',
  })

/** Further names allowed in the Host header. */
export const allowedHosts = z
  .array(
    parsedText({
      parse: (text) => (HOST.test(text) ? text.toLowerCase() : undefined),
      expected: 'a host name, with a port if need be',
      remedy: 'write it like `mcp.example.com`, without scheme and path',
    }),
  )
  .max(100)
  .prefault([])
  .meta({
    description:
      'Further names allowed in the Host header. Loopback names always pass on loopback.',
  })

/** Browser origins that may call. */
export const origins = z
  .array(
    parsedText({
      parse: parseOrigin,
      expected: 'an origin',
      remedy: 'write scheme, host and port only, like `https://app.example.com`',
    }),
  )
  .max(100)
  .prefault([])
  .meta({ description: 'Origins of web pages that may call from a browser (CORS).' })

/** Whose X-Forwarded-* headers count. */
export const trustedProxies = z
  .array(
    parsedText({
      parse: parseCidr,
      expected: 'an IP address or a network',
      remedy: 'write it like `10.0.0.0/8`',
    }),
  )
  .max(100)
  .prefault([])
  .meta({ description: 'Addresses and networks whose X-Forwarded-* headers are believed.' })

const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::\d{1,5})?$/

function parsePublicUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  if (`${url.username}${url.password}${url.search}${url.hash}` !== '') return undefined
  return url.href.replace(/\/+$/, '')
}

function parseOrigin(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  return text.toLowerCase() === url.origin ? url.origin : undefined
}
