import type { Target } from '../load/job.ts'
import type { Fleet } from '../processes.ts'
import type { Era } from '../wire/mcp.ts'

export const ROW_IDS = [
  'direct',
  'raw-proxy',
  'sallyport',
  'sallyport-no-audit',
  'mcp-proxy',
  'supergateway',
  'mcp-hub',
] as const

export type RowId = (typeof ROW_IDS)[number]

/** The server behind a row. */
export type Upstream =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'stdio'; readonly command: readonly string[] }

/** A gateway that serves. */
export interface Gateway {
  readonly target: Target
  /** What it puts before the names of the server's tools. */
  readonly prefix: string
  /** The process whose CPU time and memory are measured; none for the direct path. */
  readonly pid?: number
}

/** One line of every table: a way from the client to the server. */
export interface Row {
  readonly id: RowId
  readonly upstreams: readonly Upstream['kind'][]
  readonly eras: readonly Era[]
  /**
   * Starts it in front of a server. The fleet ends it.
   *
   * @throws {Error} when it does not become ready
   */
  start(fleet: Fleet, upstream: Upstream): Promise<Gateway>
}

/** A Streamable HTTP target with a session per connection. */
export function httpTarget(
  port: number,
  options: { path?: string; headers?: Record<string, string>; sharedSession?: boolean } = {},
): Target {
  return {
    kind: 'http',
    url: `http://127.0.0.1:${port}${options.path ?? '/mcp'}`,
    headers: options.headers ?? {},
    sharedSession: options.sharedSession ?? false,
  }
}

/**
 * The Streamable HTTP target of a gateway.
 *
 * @throws {Error} when it has another
 */
export function streamable({ target }: Gateway): Extract<Target, { kind: 'http' }> {
  if (target.kind === 'http') return target
  throw new Error('this gateway does not serve Streamable HTTP')
}
