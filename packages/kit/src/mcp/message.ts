/** A half-open byte range. `start === -1` means absent. */
export interface Range {
  readonly start: number
  readonly end: number
}

export const ABSENT: Range = { start: -1, end: -1 }

/**
 * One JSON-RPC message: the sender's bytes, and where in them the parts lie that we read or rewrite.
 * Values are never re-encoded; what is forwarded is these bytes with ranges replaced.
 */
export interface Message {
  readonly bytes: Buffer
  readonly kind: 'request' | 'notification' | 'response' | 'error'
  /** The id's literal, quotes included. */
  readonly id: Range
  /** Decoded; empty for responses. */
  readonly method: string
  readonly params: Range
  /** `params.name`, decoded; undefined when absent or no string. */
  readonly name: string | undefined
  readonly nameRange: Range
  /** `params.uri`, decoded. */
  readonly uri: string | undefined
  readonly arguments: Range
  /** `params._meta`; in a response `result._meta`. */
  readonly meta: Range
  readonly result: Range
  readonly error: Range
  /** `result.isError === true`. */
  readonly isError: boolean
  /** `result.resultType`, decoded; empty when it is no string. */
  readonly resultType: string | undefined
  /** The members of `meta` once somebody asked for them; see `metaMembers`. */
  members?: readonly Member[] | undefined
}

/** One member of an object, by its places from the object's beginning. */
export interface Member {
  /** Decoded. */
  readonly key: string
  /** Of the key, quotes included. */
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

export type Era = 'legacy' | 'modern'

export const LEGACY_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const
export const LATEST_LEGACY = '2025-11-25'
export const MODERN_VERSIONS = ['2026-07-28'] as const
export const LATEST_MODERN = '2026-07-28'
