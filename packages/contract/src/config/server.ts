import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import type { ServerRestrictions } from './api.ts'
import { breaker, type BreakerConfig } from './breaker.ts'
import { caps, type CapsConfig } from './caps.ts'
import { health, type HealthConfig } from './health.ts'
import { pin, type ToolPin } from './pin.ts'
import { callQuotas, type CallQuotas } from './quota.ts'
import { remoteKeys, toRemoteConfig, type RemoteConfig } from './remote.ts'
import { roots, type RootsConfig } from './roots.ts'
import { parsedText, refuse, type IssueSink } from './text.ts'
import { count, duration, flag } from './units.ts'

/** What is the same for every kind of server. */
export interface ServerBase {
  /** The key of the server in the file. */
  readonly name: string
  readonly idleAfterMs: number
  /**
   * Who shares an upstream session: `none` = one per principal, `tenant` = one for all principals of a
   * tenant (whoever has no tenant has its own), `all` = one for everybody.
   */
  readonly share: 'none' | 'tenant' | 'all'
  /** `client` only with `share: none`. */
  readonly roots: RootsConfig
  readonly tools: Readonly<Record<string, ToolPin>>
  readonly trustAnnotations: boolean
  readonly owner?: string | undefined
  readonly description?: string | undefined
  readonly runbook?: string | undefined
  /** Whether it is started with the gateway. */
  readonly prestart: boolean
  readonly inFlight: number
  readonly queued: number
  readonly startMs: number
  readonly callMs: number
  readonly health: HealthConfig
  readonly breaker: BreakerConfig
  readonly limits: CallQuotas
  /** Of a server that was added over the admin API; undefined for one of the file. */
  readonly restrictions?: ServerRestrictions | undefined
}

/** A child process that speaks MCP on its standard streams. */
export interface StdioServerConfig extends ServerBase {
  readonly kind: 'stdio'
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, Secret>>
  /** Absolute once loaded. */
  readonly cwd: string
  readonly children: number
  readonly childrenPerPrincipal: number
  readonly caps: CapsConfig
}

/** A server reached over HTTP. */
export interface HttpServerConfig extends ServerBase, RemoteConfig {
  readonly kind: 'http'
  readonly url: string
  readonly headers: Readonly<Record<string, Secret>>
  /** `assert`: it is told who calls, signed, in every request. */
  readonly identity?: 'assert' | undefined
  /** Sent as `Host` instead of the URL's own; never from the file. */
  readonly hostHeader?: string | undefined
  /** It is a child of the gateway, which knows its port and its token; never from the file. */
  readonly child?: 'slack' | undefined
}

export type ServerConfig = StdioServerConfig | HttpServerConfig

const plainText = z
  .string()
  .max(32_768)
  .regex(/^[^\0]*$/, 'the text holds a NUL character')
const secretText = plainText.transform((text) => new Secret(text))
const note = z.string().max(500)

const serverUrl = parsedText({
  parse: parseServerUrl,
  expected: 'an http or https URL without user, password and fragment',
  remedy: 'write it like `https://search.example.com/mcp`; credentials belong in `headers`',
})

const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.()-]{0,127}$/, 'this is not a name for a variable')
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'this is not a name for a header')
  .refine((name) => !OWN_HEADERS.has(name.toLowerCase()), {
    error: 'this header is set by the gateway',
    params: { remedy: 'remove it' },
  })

/** A configured header of these names would contradict the request it stands on. */
export const OWN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'proxy-connection',
  'sallyport-caller',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** One server as it stands in the file. */
export const server = z
  .strictObject({
    command: plainText.min(1).optional().meta({
      description: 'Program to start; looked up on PATH, or a path relative to this file.',
    }),
    args: z.array(plainText).max(1_000).optional().meta({ description: 'Its arguments.' }),
    env: z.record(environmentName, secretText).optional().meta({
      description:
        'Variables it gets besides PATH, HOME, USER, LANG, LC_*, TZ, TMPDIR, proxy and CA variables.',
      'x-kind': 'secret',
    }),
    cwd: plainText.min(1).optional().meta({
      description: 'Folder it runs in, relative to this file; the folder of this file by default.',
    }),
    url: serverUrl
      .optional()
      .meta({ description: 'Address of a remote server, Streamable HTTP or HTTP+SSE.' }),
    headers: z
      .record(
        headerName,
        plainText
          .regex(/^[^\r\n]*$/, 'a header holds no line break')
          .transform((text) => new Secret(text)),
      )
      .optional()
      .meta({ description: 'Headers sent with every request to it.', 'x-kind': 'secret' }),
    ...remoteKeys,
    identity: z.enum(['assert']).optional().meta({
      description:
        '`assert`: every request tells it who calls, in the header `Sallyport-Caller`: principal, tenant, roles and request id, signed, for a minute. It checks with the key at `/.well-known/sallyport-callers.json`.',
    }),
    idleAfter: duration({
      min: '1s',
      max: '30d',
      fallback: '5m',
      description: 'A child or session that nobody used for this long is stopped.',
    }),
    share: z.enum(['none', 'tenant', 'all']).default('none').meta({
      description:
        'Who shares a session with it: `none` = each principal its own, `tenant` = the principals of a tenant one, `all` = everybody one.',
    }),
    roots: roots.default('none').meta({
      description:
        'Which folders it is told of: `none`, those of each client (`client`), or a list of `file://` URIs. Some filesystem servers put what they are told here in place of their own limit. With `client` the first calls of a session wait until the server, if it asks for roots within a second, has been told; a client that does not tell them is refused. Clients of one key that have no session (2026-07-28) share what the first of them told.',
    }),
    tools: z.record(z.string().min(1).max(256), pin).prefault({}).meta({
      description: 'Pins: what you assert about its tools, by their own names.',
    }),
    trustAnnotations: flag(false, 'Believes the server’s own hints about its tools for retries.'),
    owner: note.optional().meta({ description: 'Whom to ask about it.' }),
    description: note.optional().meta({ description: 'What it is for.' }),
    runbook: note.optional().meta({ description: 'Where it says what to do when it fails.' }),
    prestart: flag(false, 'Starts it with the gateway instead of with its first call.'),
    inFlight: count({
      min: 1,
      max: 10_000,
      fallback: 64,
      unit: 'calls',
      description: 'Calls it gets at once; further ones wait.',
    }),
    queued: count({
      min: 0,
      max: 100_000,
      fallback: 1_000,
      unit: 'calls',
      description: 'Calls that may wait for it; beyond them `queue_full`.',
    }),
    children: count({
      min: 1,
      max: 1_000,
      fallback: 32,
      unit: 'processes',
      description: 'Child processes of it at once.',
    }),
    childrenPerPrincipal: count({
      min: 1,
      max: 1_000,
      fallback: 8,
      unit: 'processes',
      description: 'Child processes of it for one principal.',
    }),
    startTimeout: duration({
      min: '1s',
      max: '10m',
      description: 'Time in which it must have started; `limits.startTimeout` by default.',
    }).optional(),
    callTimeout: duration({
      min: '100ms',
      max: '1h',
      description: 'Deadline of a call to it; `limits.callTimeout` by default.',
    }).optional(),
    health,
    breaker,
    limits: callQuotas.meta({ description: 'Bounds on calls to it, over all its tools.' }),
    caps: caps.optional(),
  })
  .superRefine((entry, context) => {
    refuseMixture(entry, context)
    refuseSharedCaller(entry, context)
    if (entry.roots !== 'client' || entry.share === 'none') return
    const message = 'a session that is shared cannot have the roots of one client'
    refuse(context, message, 'set `share` to `none`, or list the roots', ['roots'])
  })
  .meta({
    id: 'Server',
    description: 'One MCP server: a child process (`command`) or a remote one (`url`).',
  })

export type ServerEntry = z.output<typeof server>

function refuseSharedCaller(
  { identity, share }: { readonly identity?: 'assert' | undefined; readonly share: string },
  context: IssueSink,
): void {
  if (identity === undefined || share === 'none') return
  const message = 'a session that is shared has no one caller to tell of'
  refuse(context, message, 'set `share` to `none`, or remove `identity`', ['identity'])
}

const STDIO_KEYS = ['args', 'env', 'cwd', 'caps'] as const
const HTTP_KEYS = [
  'headers',
  'transport',
  'tls',
  'connectTimeout',
  'readTimeout',
  'proxy',
  'identity',
] as const

type KindKeys = 'command' | 'url' | (typeof STDIO_KEYS)[number] | (typeof HTTP_KEYS)[number]

function refuseMixture(entry: { readonly [Key in KindKeys]?: unknown }, context: IssueSink): void {
  if (entry.command !== undefined && entry.url !== undefined) {
    refuse(context, '`command` and `url` exclude each other', 'keep one of them', ['url'])
    return
  }
  if (entry.command === undefined && entry.url === undefined) {
    refuse(context, 'a server needs `command` or `url`', 'add one of them')
    return
  }
  const foreign = entry.command === undefined ? STDIO_KEYS : HTTP_KEYS
  const owner = entry.command === undefined ? 'command' : 'url'
  for (const key of foreign) {
    if (entry[key] === undefined) continue
    refuse(context, `\`${key}\` belongs to a server with \`${owner}\``, 'remove it', [key])
  }
}

const NO_CAPS: CapsConfig = {
  ...{ memoryBytes: undefined, processes: undefined, openFiles: undefined, cpuMs: undefined },
}

/** Completes one entry with its name and the gateway's own timeouts. */
export function toServerConfig(
  name: string,
  entry: ServerEntry,
  timeouts: { readonly startMs: number; readonly callMs: number },
): ServerConfig {
  const base: ServerBase = {
    name,
    idleAfterMs: entry.idleAfter,
    share: entry.share,
    roots: entry.roots,
    tools: entry.tools,
    trustAnnotations: entry.trustAnnotations,
    owner: entry.owner,
    description: entry.description,
    inFlight: entry.inFlight,
    queued: entry.queued,
    startMs: entry.startTimeout ?? timeouts.startMs,
    callMs: entry.callTimeout ?? timeouts.callMs,
    runbook: entry.runbook,
    prestart: entry.prestart,
    health: entry.health,
    breaker: entry.breaker,
    limits: entry.limits,
  }
  if (entry.command === undefined) {
    const { url = '', headers = {}, identity } = entry
    const remote = { ...toRemoteConfig(entry), ...(identity && { identity }) }
    return { ...base, ...remote, kind: 'http', url, headers }
  }
  const { command, args = [], env = {}, cwd = '.', children, childrenPerPrincipal } = entry
  const capped = entry.caps ?? NO_CAPS
  return {
    ...{ ...base, kind: 'stdio', command, args, env, cwd },
    ...{ children, childrenPerPrincipal, caps: capped },
  }
}

function parseServerUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  return `${url.username}${url.password}${url.hash}` === '' ? url.href : undefined
}
