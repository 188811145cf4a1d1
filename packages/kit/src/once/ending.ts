/** An answer of the server: JSON text of `result` or `error`, undefined where it was too large to keep. */
export interface KeptAnswer {
  readonly kind: 'answer'
  readonly outcome: 'ok' | 'tool_error' | 'rpc_error'
  readonly text: Buffer | undefined
}

/** What a keyed call came to. */
export type Ending =
  | KeptAnswer
  /** The server may have acted, and nobody knows. */
  | { readonly kind: 'unknown' }
  /** Nothing was done: a repeat is a first call. */
  | { readonly kind: 'released' }
  /** It waits for its client, which comes back with answers. */
  | { readonly kind: 'paused' }

/** As in `Ending`. */
export const UNKNOWN: Ending = { kind: 'unknown' }
export const RELEASED: Ending = { kind: 'released' }
export const PAUSED: Ending = { kind: 'paused' }
