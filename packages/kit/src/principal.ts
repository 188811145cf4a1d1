/** What a caller may do. Roles of an operator's own join the same table later. */
export type Role = 'caller' | 'admin'

/**
 * Who is calling. `id` is part of the key of every pool, cache and session: `key:<id>`, `token:<name>`,
 * `anonymous` or `local` (the local administrator socket).
 */
export interface Principal {
  readonly id: string
  readonly kind: 'key' | 'token' | 'anonymous' | 'local'
  /** For people: the name given to the key or token. */
  readonly name: string
  readonly role: Role
  readonly tenant: string | null
  /** Wall clock, milliseconds since 1970; null = never. */
  readonly expiresAtMs: number | null
}
