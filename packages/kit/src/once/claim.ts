import type { OutcomeKey } from '../store/store.ts'

/** What a keyed call lays claim to. */
export interface Claim {
  /** Of principal, tenant, server, tool and key together. */
  readonly id: string
  readonly key: OutcomeKey
  /** HMAC of the argument bytes, hex. */
  readonly argumentsMac: string
}
