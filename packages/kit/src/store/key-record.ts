import type { SightSelection } from '../principal.ts'

/** An API key as kept: never the secret, only its SHA-256. */
export interface KeyRecord {
  /** Public part of the key, also the id in lists and logs. */
  readonly id: string
  readonly name: string
  /** SHA-256 of the whole key text. */
  readonly hash: Buffer
  /** Name of its role. */
  readonly role: string
  readonly tenant: string | null
  /** Names of servers and groups; null = all. */
  readonly servers: readonly string[] | null
  /** Judged on `<server>__<tool>`; null = all. */
  readonly tools: SightSelection | null
  /** Only tools that are known to change nothing. */
  readonly readOnly: boolean
  /** Ranges of addresses that it may come from; null = all. */
  readonly allowFrom: readonly string[] | null
  /** SHA-256 of the text before the last rotation; null once nobody may present it. */
  readonly previousHash: Buffer | null
  /** Until when the text before is good as well, wall clock. */
  readonly previousUntilMs: number | null
  /** When its text was last made anew; null where it is the first. */
  readonly rotatedAtMs: number | null
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly lastUsedAtMs: number | null
  readonly revokedAtMs: number | null
  /** Another one with every change but of its last use; the store gives it. */
  readonly version: number
}

/** What of a key may be changed after it was made. */
export type KeyChanges = Partial<
  Pick<
    KeyRecord,
    'name' | 'role' | 'tenant' | 'servers' | 'tools' | 'readOnly' | 'allowFrom' | 'expiresAtMs'
  >
>

/** Which keys, oldest first. */
export interface KeyQuery {
  /** Those of this tenant only; absent = all. */
  readonly tenant?: string | undefined
  /** 1 to 1,000. */
  readonly limit: number
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined
}

export interface KeyPage {
  readonly items: readonly KeyRecord[]
  readonly next?: string
}

/** What is done to one key, as the one who does it knows it. */
export interface VersionedKey {
  readonly id: string
  readonly version: number
}

/** The new text of a key, by its hash. */
export interface KeyTurn {
  readonly hash: Buffer
  /** Until when the text before is good as well; null = it is not. */
  readonly previousUntilMs: number | null
  /** Wall clock. */
  readonly atMs: number
}

export interface KeyStore {
  /** @throws {AppError} `config_invalid` when an unrevoked key of that name exists in its tenant */
  create(key: KeyRecord): Promise<void>
  /** All of them, oldest first. */
  list(): Promise<readonly KeyRecord[]>
  /** Those changed since a count of the topic `keys`, and how many keys there are in all. */
  changedSince(version: number): Promise<{ changed: readonly KeyRecord[]; count: number }>
  /** @throws {AppError} `request_invalid` for a cursor that is none */
  page(query: KeyQuery): Promise<KeyPage>
  /**
   * The key of that id, or the one of that name that is in force; undefined when there is none.
   *
   * @param tenant only there; absent = anywhere
   * @throws {AppError} `conflict` when keys of several tenants have that name
   */
  find(idOrName: string, tenant?: string): Promise<KeyRecord | undefined>
  /**
   * Revokes by id or by name; false when there is none to revoke.
   *
   * @throws {AppError} as `find`
   */
  revoke(idOrName: string, atMs: number, tenant?: string): Promise<boolean>
  /**
   * @throws {AppError} `not_found`; `version_conflict` when its version is another one; `conflict` when the name
   *   is taken
   */
  change(target: VersionedKey, changes: KeyChanges): Promise<KeyRecord>
  /**
   * Gives a key that is in force another text. Its id stays, and so does all that belongs to it.
   *
   * @throws {AppError} `not_found`
   */
  rotate(id: string, turn: KeyTurn): Promise<KeyRecord>
  /** Last use is kept in memory and written now and then: at most one write a minute per key. */
  touch(id: string, atMs: number): Promise<void>
}
