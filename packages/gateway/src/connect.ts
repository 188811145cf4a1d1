import { randomUUID } from 'node:crypto'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { LOCAL_ADMIN } from './admin/entrance.ts'
import type { RunnableConfig } from './config/index.ts'
import { openUpstreams } from './upstreams/upstreams.ts'

export interface ConnectOptions {
  readonly config: RunnableConfig
  readonly version: string
  readonly clock: Clock
  readonly log: Log
}

/** How one server answered. */
export interface ConnectVerdict {
  readonly server: string
  /** Why it could not be used; absent when its tools were listed. */
  readonly failure?: AppError
}

const NO_ERAS = { readEras: async () => [], writeEra: async () => undefined }

/**
 * Starts every server of a configuration once, lists its tools, and stops it. Nothing is kept; a gateway
 * that runs on the same configuration is not touched.
 */
export async function connectServers(
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<ConnectVerdict[]> {
  const { config, version, clock, log } = options
  const { resultBytes, callMs } = config.limits
  // A child of the gateway alone: its store may be in use, and `validate` has judged what it runs on.
  const servers = Object.fromEntries(
    Object.entries(config.servers).filter(([, one]) => one.kind === 'stdio' || !one.child),
  )
  await using upstreams = await openUpstreams({
    servers,
    limits: { resultBytes, callMs },
    clock,
    log,
    events: { onList: () => undefined },
    eras: NO_ERAS,
    gatewayId: randomUUID(),
    clientInfo: { name: 'sallyport', version },
  })
  return await Promise.all(
    Object.keys(servers).map(async (server): Promise<ConnectVerdict> => {
      try {
        await upstreams.warm(server, { principal: LOCAL_ADMIN }, signal)
        return { server }
      } catch (thrown) {
        return { server, failure: AppError.from(thrown) }
      }
    }),
  )
}
