import { setTimeout as wait } from 'node:timers/promises'
import type { Listener } from '@sallyport/kit/http'
import type { McpEdge, StdioEdge } from '@sallyport/kit/mcp'

/** Calls that outlast the drain are aborted; for this long their answers may still go out. */
const LAST_ANSWERS_MS = 1_000
/**
 * How long a stop with nobody to take over waits for clients that send call after call: their next one is
 * answered with `connection: close` instead of a reset.
 */
const LULL_MS = 250

/** What clients have open. */
export interface Open {
  readonly edge: McpEdge
  readonly stdio: StdioEdge
  /** The listeners of the network, where there are any. */
  readonly ports: { readonly data: Listener; readonly admin: Listener } | undefined
}

/** How a stop goes. Times in milliseconds. */
export interface DrainRules {
  readonly drainMs: number
  /** How long calls are still taken while `/health/ready` says already that this gateway stops. */
  readonly stopDelayMs: number
  /** Whether another process serves on the same sockets. */
  readonly handedOver: boolean
}

/**
 * Stops accepting calls and lets those in flight finish for `drainMs`. Where another process serves on the same
 * sockets, connections that idle are kept for their next request as long.
 */
export async function drain(
  { edge, stdio, ports }: Open,
  { drainMs, stopDelayMs, handedOver }: DrainRules,
): Promise<void> {
  if (handedOver) {
    ports?.data.retire()
    // Otherwise it is there to the last: it tells that this gateway drains.
    ports?.admin.retire()
  } else if (ports !== undefined) {
    if (stopDelayMs > 0) await wait(stopDelayMs)
    await ports.data.retireUnheard()
  }
  const connected = (): boolean =>
    ports !== undefined &&
    (ports.data.connections > 0 || (handedOver && ports.admin.connections > 0))
  const quietMs = handedOver ? Infinity : LULL_MS
  await Promise.all([
    edge.drain(drainMs, { quietMs, connected }),
    stdio.drain(drainMs + LAST_ANSWERS_MS),
  ])
  await ports?.data.stop(LAST_ANSWERS_MS)
}
