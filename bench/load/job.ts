import type { Era } from '../wire/mcp.ts'
import type { Size } from '../wire/payload.ts'

/** How the load client reaches what it measures. */
export type Target =
  | {
      readonly kind: 'http'
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
      /** Legacy only: one session for all connections, where a session is a child process. */
      readonly sharedSession: boolean
    }
  | { readonly kind: 'sse'; readonly url: string }
  | { readonly kind: 'stdio'; readonly command: readonly string[] }

/** What each call asks, and what its answer must carry. */
export type Ask =
  | {
      readonly method: 'tools/call'
      readonly tool: string
      readonly size: Size
      /** The server asks the client in the middle of the call, which is answered at once. */
      readonly asks?: boolean
    }
  | { readonly method: 'tools/list'; readonly contains: string; readonly fixedId: boolean }

/** One measurement: so many callers, each with one call in flight, for so long. */
export interface Job {
  readonly target: Target
  readonly era: Era
  readonly ask: Ask
  readonly connections: number
  readonly warmUpMs: number
  readonly measureMs: number
  /** The measurement also ends after this many calls. */
  readonly callsMax: number
  /** The process whose CPU time is charged to the calls; none for the direct path. */
  readonly gatewayPid?: number
}

/** What one job found. Times are per call, as the caller saw them. */
export interface LoadResult {
  readonly calls: number
  readonly errors: number
  readonly firstError?: string
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUsPerCall?: number
  readonly rssMb?: number
}
