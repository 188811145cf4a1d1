import { randomBytes } from 'node:crypto'
import type { Secret } from '@sallyport/kit/secret'
import { type Deployment, fact, type Fact } from '../deployment.ts'
import { ask, type AskOptions, type Said } from './exact-request.ts'

/** A name that nobody has. Source: RFC 6761 §6.4. */
export const FOREIGN = 'sallyport-check.invalid'
const JSON_TYPE = { 'content-type': 'application/json' } as const
const BOTH_TYPES = 'application/json, text/event-stream'

/** A list that anybody may ask for who may ask for anything. */
const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
const MCP: AskOptions = {
  method: 'POST',
  headers: { ...JSON_TYPE, accept: BOTH_TYPES },
  body: LIST,
}

/** What both listeners and the public address say to callers without a key. */
export interface Refusals {
  /** MCP without a key, at the data listener and the public address, and the admin API. */
  readonly withoutKey: readonly Said[]
  /** One key that is none. More would hold this address for a while. */
  readonly badKey: readonly Said[]
  readonly foreignHost: readonly Said[]
  readonly foreignOrigin: readonly Said[]
  /** An address that does not exist. */
  readonly nowhere: readonly Said[]
}

/** Asked once for all probes: nine requests, of which one counts as a bad credential. */
export const refusals: Fact<Refusals> = fact(async (deployment, signal) => {
  const { data, admin, open } = addresses(deployment)
  const tell = async (url: string, words: string, options: AskOptions): Promise<Said> => ({
    request: `${options.method ?? 'GET'} ${url} ${words}`,
    reply: await ask(url, options, signal),
  })
  const bad = `sp_${randomBytes(24).toString('base64url')}`
  const live = [`${data}/health/live`, `${admin}/health/live`]
  // One after the other: nobody is to wait behind a checklist.
  const [withoutKey, badKey] = [
    [
      await tell(`${data}/mcp`, 'without a key', MCP),
      ...(open === undefined ? [] : [await tell(`${open}/mcp`, 'without a key', MCP)]),
      await tell(`${admin}/api/v1/servers`, 'without a key', {}),
    ],
    [await tell(`${data}/mcp`, 'with a key that is none', withKey(MCP, bad))],
  ]
  const each = async (words: string, headers: Readonly<Record<string, string>>) => {
    const said: Said[] = []
    for (const url of live) said.push(await tell(url, words, { headers }))
    return said
  }
  return {
    withoutKey,
    badKey,
    foreignHost: await each('with a foreign Host', { host: FOREIGN }),
    foreignOrigin: await each('with a foreign Origin', { origin: `https://${FOREIGN}` }),
    nowhere: [
      await tell(`${data}/sallyport-check`, 'without a key', {}),
      await tell(`${admin}/sallyport-check`, 'without a key', {}),
    ],
  }
})

/** A key that may list and call; asked for when first needed. */
export const checkKey: Fact<Secret> = fact(async ({ gateway }, signal) => {
  if (gateway === undefined) throw new TypeError('only a gateway that runs gives a key')
  return gateway.key(signal)
})

/** Where the gateway is asked; `open` is its public address. Without slashes at the end. */
export function addresses({ gateway, config }: Deployment): {
  readonly data: string
  readonly admin: string
  readonly open: string | undefined
} {
  return {
    data: gateway?.dataUrl.replace(/\/+$/, '') ?? '',
    admin: gateway?.adminUrl.replace(/\/+$/, '') ?? '',
    open: config?.publicUrl,
  }
}

/** The same request with a key. */
export function withKey(options: AskOptions, key: string): AskOptions {
  return { ...options, headers: { ...options.headers, authorization: `Bearer ${key}` } }
}

/** An MCP request that asks for the list of tools. */
export function listTools(): AskOptions {
  return MCP
}
