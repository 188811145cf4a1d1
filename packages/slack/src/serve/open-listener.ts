import { setTimeout as wait } from 'node:timers/promises'
import { Door } from '@sallyport/kit/door'
import {
  type Listener,
  LISTENER_REFUSALS,
  openListener,
  type ProcessHealth,
} from '@sallyport/kit/http'
import type { McpEdge } from '@sallyport/kit/mcp'
import { createHttpHandler } from './http-handler.ts'
import type { SlackBase } from './open-base.ts'
import type { SlackParts } from './open-slack.ts'
import { createSecurityHeaders } from './security-headers.ts'

const HEADER_BYTES_MAX = 16 * 1_024
/** For a whole request to arrive. */
const REQUEST_MS_MAX = 30_000
/** Calls that outlast the drain are aborted; for this long their answers may still go out. */
const LAST_ANSWERS_MS = 1_000
/** How long a stop waits for clients that send call after call: their next one is told to close. */
const LULL_MS = 250

/**
 * Opens the listener, last of all. When `scope` ends it stops accepting and lets what runs finish first.
 *
 * @throws {AppError} `port_taken`; `config_invalid` for a trusted proxy that is no address range
 */
export async function openSlackListener(
  base: SlackBase,
  { edge, web }: { readonly edge: McpEdge; readonly web: SlackParts['web'] },
  scope: AsyncDisposableStack,
): Promise<Listener> {
  const { options, metrics } = base
  const { settings, clock, log } = options
  const { listen, publicUrl, limits } = settings
  const startedMs = clock.monotonicMs()
  let phase: ProcessHealth['phase'] = 'starting'
  const healthFacts = (): ProcessHealth => ({
    phase,
    storeWritable: base.audit.writable,
    loopStuck: base.loop.stuck,
    version: options.version,
    uptimeSeconds: (clock.monotonicMs() - startedMs) / 1_000,
  })
  const door = new Door({ ...settings, host: listen.host, anonymous: false }, base.door)
  const securityHeaders = createSecurityHeaders(publicUrl.startsWith('https:'))
  const listener = scope.use(
    await openListener({
      address: listen,
      handler: createHttpHandler({
        ...{ door, edge, web, metrics, healthFacts, securityHeaders },
      }),
      limits: { ...limits, headerBytes: HEADER_BYTES_MAX, requestMs: REQUEST_MS_MAX },
      isProxy: (peer) => door.proxies.includes(peer),
      onRefused: (why) => metrics.doorRefused(LISTENER_REFUSALS[why]),
    }),
  )
  scope.defer(
    metrics.watch(() => ({
      bufferedBytes: base.budget.total,
      openStreams: edge.load.streams,
      legacySessions: edge.load.sessions,
      connections: listener.connections,
      storeWritable: base.audit.writable,
    })),
  )
  scope.defer(async () => {
    phase = 'draining'
    const { drainMs } = limits
    log.info({ drainMs }, 'slack server stopping')
    await listener.retireUnheard()
    const connected = (): boolean => listener.connections > 0
    // A code of Slack is good once: an installation that runs is let finish as calls are.
    await Promise.all([
      edge.drain(drainMs, { quietMs: LULL_MS, connected }),
      endWithin(web, drainMs),
    ])
    await listener.stop(LAST_ANSWERS_MS)
  })
  phase = 'running'
  return listener
}

/** Waits for its end, but no longer than that. */
async function endWithin(ending: AsyncDisposable, limitMs: number): Promise<void> {
  const over = new AbortController()
  const late = wait(limitMs, undefined, { signal: over.signal }).catch(() => undefined) // it ended in time
  await Promise.race([ending[Symbol.asyncDispose](), late])
  over.abort()
}
