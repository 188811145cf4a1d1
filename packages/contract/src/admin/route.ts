import type { Permission } from '@sallyport/kit/roles'
import type { z } from 'zod'

/** Who may use a route: anybody, whoever has a valid credential, or whose roles hold the permission. */
export type Need = 'open' | 'credential' | Permission

/** One route of the admin API: what it asks for, takes and gives. */
export interface RouteSpec {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Parameters as `:name`. */
  readonly path: `/${string}`
  readonly need: Need
  /**
   * What a caller who belongs to a tenant gets here: `own` = the same route, but only what is its tenant's is
   * there; `none` = a refusal, as the route concerns everybody.
   */
  readonly tenants: 'own' | 'none'
  /** One sentence without full stop, for the reference. */
  readonly summary: string
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** Body of the answer; absent = 204 without one. */
  readonly answer?: z.ZodType
  /** Of a success; 200, or 204 without an answer. */
  readonly status?: 200 | 201 | 202
  /** Where the answer is no JSON. */
  readonly media?: 'text/plain' | 'text/event-stream'
  /**
   * Whether what is changed has a version that must be named, as `If-Match`, so that no change of somebody else
   * is lost. Source: RFC 9110 §13.1.1; RFC 6585 §3.
   */
  readonly versioned?: true
  /** Of its body; 64 KiB by default. */
  readonly bodyBytesMax?: number
  /** Time the work may take, milliseconds; 10,000 by default. */
  readonly deadlineMs?: number
}

/** Routes by an id like `keys.create`. */
export type RouteTable = Readonly<Record<`${string}.${string}`, RouteSpec>>
