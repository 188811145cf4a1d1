import type { Kysely, Selectable, Transaction } from 'kysely'
import { changing } from './changes.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort, TEXT_CHARS_MAX } from './text-limits.ts'

/** Of one installation, sealed, bytes. */
const BODY_BYTES_MAX = 64 * 1_024
const TOPIC = 'installations'

/** Which app in which workspace of which provider. */
export interface InstallationKey {
  /** Such as `slack`. */
  readonly provider: string
  readonly app: string
  /** The provider's id of the workspace. */
  readonly team: string
}

/** An app of a first-party server in a workspace. */
export interface InstallationRecord extends InstallationKey {
  readonly tenant: string | null
  /** In a word of its owner's. */
  readonly state: string
  /**
   * A JSON object, sealed for `INSTALLATION_PURPOSE` and bound to `installationAad`; at most 64 KiB. What it says of
   * a person stands in its member `person`, an object with an `id`, so that an erasure finds it.
   */
  readonly body: Buffer
  /** When the first of its tokens ends, wall clock; null = never. */
  readonly expiresAtMs: number | null
  readonly createdAtMs: number
  readonly changedAtMs: number
  /** Of all versions of all installations no two are the same. A lease changes none, nor does sealing again. */
  readonly version: number
  /** Who alone may change its tokens, and until when; null = nobody. */
  readonly lease: InstallationLease | null
}

/** The right to change the tokens of an installation; it ends by itself. */
export interface InstallationLease {
  readonly holder: string
  /** Wall clock. */
  readonly untilMs: number
}

/** What can be said of an installation that is new or changed. */
export type InstallationValues = Omit<InstallationRecord, 'version' | 'lease'>

/** The installations of one provider that changed, and which there are. */
export interface InstallationReading {
  /** How far the changes had got before it: of up to this version all that there are stand in `keys`. */
  readonly version: number
  readonly keys: readonly InstallationKey[]
  readonly changed: readonly InstallationRecord[]
}

/** Installations of all processes on one store. Every change is counted under `installations`. */
export interface InstallationStore {
  /** @param after version of an earlier reading; 0 = all that there are */
  read(provider: string, after: number): Promise<InstallationReading>
  get(key: InstallationKey): Promise<InstallationRecord | undefined>
  /**
   * Adds one, or takes the place of what stands there, its lease included. Resolves with its version.
   *
   * @throws {AppError} `request_invalid` for what is too long; `store_unwritable`
   */
  put(values: InstallationValues): Promise<number>
  /**
   * Changes it where nobody did since `version`, and ends its lease. Resolves with the new version, or undefined.
   *
   * @throws {AppError} `request_invalid`, `store_unwritable`
   */
  update(values: InstallationValues, version: number): Promise<number | undefined>
  /** False when there was none. */
  remove(key: InstallationKey): Promise<boolean>
  /**
   * Takes the lease where nobody has it, or it has ended, or is ours. What is there then says who has it: one
   * statement decides between all processes. Undefined where there is no such installation.
   *
   * @param nowMs wall clock
   */
  takeLease(
    key: InstallationKey,
    lease: InstallationLease,
    nowMs: number,
  ): Promise<InstallationRecord | undefined>
  /** Ends the holder's lease, or passes it on. */
  endLease(key: InstallationKey, holder: string, next: InstallationLease | null): Promise<void>
}

/** What the keys of their bodies are derived for. */
export const INSTALLATION_PURPOSE = 'installations'

/** What the sealed body of an installation is bound to. */
export function installationAad({ provider, app, team }: InstallationKey): string {
  return `installation:${provider}:${app}:${team}`
}

/** Installations, in the table of that name. */
export class SqlInstallationStore implements InstallationStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async read(provider: string, after: number): Promise<InstallationReading> {
    return await guardStore('installations cannot be read', async () => {
      // The counter first: what changes after it is only read once more.
      const counter = await this.#db
        .selectFrom('changes')
        .select('version')
        .where('topic', '=', TOPIC)
        .executeTakeFirst()
      const changed = await this.#db
        .selectFrom('installations')
        .selectAll()
        .where('provider', '=', provider)
        .where('version', '>', after)
        .orderBy('version')
        .execute()
      const keys = await this.#db
        .selectFrom('installations')
        .select(['provider', 'app', 'team'])
        .where('provider', '=', provider)
        .execute()
      return { version: counter?.version ?? 0, keys, changed: changed.map(toRecord) }
    })
  }

  async get(key: InstallationKey): Promise<InstallationRecord | undefined> {
    const row = await guardStore('the installation cannot be read', () =>
      selectOne(this.#db, key).executeTakeFirst(),
    )
    return row && toRecord(row)
  }

  async put(values: InstallationValues): Promise<number> {
    assertFits(values)
    return await guardStore('the installation cannot be written', () =>
      changing(this.#db, TOPIC, async (db, version) => {
        const row = { ...toRow(values), version }
        await db
          .insertInto('installations')
          .values(row)
          .onConflict((conflict) => conflict.columns(['provider', 'app', 'team']).doUpdateSet(row))
          .execute()
        return version
      }),
    )
  }

  async update(values: InstallationValues, seen: number): Promise<number | undefined> {
    assertFits(values)
    const { provider, app, team } = values
    return await guardStore('the installation cannot be changed', () =>
      changing(this.#db, TOPIC, async (db, version) => {
        const { numUpdatedRows } = await db
          .updateTable('installations')
          .set({ ...toRow(values), version })
          .where((eb) => eb.and({ provider, app, team, version: seen }))
          .executeTakeFirst()
        return numUpdatedRows > 0n ? version : undefined
      }),
    )
  }

  async remove({ provider, app, team }: InstallationKey): Promise<boolean> {
    const { numDeletedRows } = await guardStore('the installation cannot be removed', () =>
      changing(this.#db, TOPIC, (db) =>
        db
          .deleteFrom('installations')
          .where((eb) => eb.and({ provider, app, team }))
          .executeTakeFirst(),
      ),
    )
    return numDeletedRows > 0n
  }

  async takeLease(
    key: InstallationKey,
    { holder, untilMs }: InstallationLease,
    nowMs: number,
  ): Promise<InstallationRecord | undefined> {
    const { provider, app, team } = key
    return await guardStore('the installation cannot be leased', async () => {
      const taken = await this.#db
        .updateTable('installations')
        .set({ lease_holder: holder, lease_until: untilMs })
        .where((eb) => eb.and({ provider, app, team }))
        .where((eb) =>
          eb.or([
            eb('lease_until', 'is', null),
            eb('lease_until', '<=', nowMs),
            eb('lease_holder', '=', holder),
          ]),
        )
        .returningAll()
        .executeTakeFirst()
      const row = taken ?? (await selectOne(this.#db, key).executeTakeFirst())
      return row && toRecord(row)
    })
  }

  async endLease(
    { provider, app, team }: InstallationKey,
    holder: string,
    next: InstallationLease | null,
  ): Promise<void> {
    await guardStore('the lease of the installation cannot be ended', () =>
      this.#db
        .updateTable('installations')
        .set({ lease_holder: next?.holder ?? null, lease_until: next?.untilMs ?? null })
        .where((eb) => eb.and({ provider, app, team, lease_holder: holder }))
        .execute(),
    )
  }
}

function selectOne(
  db: Kysely<Tables> | Transaction<Tables>,
  { provider, app, team }: InstallationKey,
) {
  return db
    .selectFrom('installations')
    .selectAll()
    .where((eb) => eb.and({ provider, app, team }))
}

function assertFits({ provider, app, team, tenant, state, body }: InstallationValues): void {
  assertShort('the provider', provider, TEXT_CHARS_MAX)
  assertShort('the app', app, TEXT_CHARS_MAX)
  assertShort('the id of the workspace', team, TEXT_CHARS_MAX)
  assertShort('the tenant', tenant ?? '', TEXT_CHARS_MAX)
  assertShort('the state', state, TEXT_CHARS_MAX)
  assertShort('the sealed installation', body, BODY_BYTES_MAX)
}

function toRow(values: InstallationValues) {
  const { provider, app, team, tenant, state, body } = values
  return {
    ...{ provider, app, team, tenant, state, body },
    expires_at: values.expiresAtMs,
    lease_holder: null,
    lease_until: null,
    created_at: values.createdAtMs,
    changed_at: values.changedAtMs,
  }
}

function toRecord(row: Selectable<Tables['installations']>): InstallationRecord {
  const { provider, app, team, tenant, state, version } = row
  const lease =
    row.lease_holder === null || row.lease_until === null
      ? null
      : { holder: row.lease_holder, untilMs: row.lease_until }
  return {
    ...{ provider, app, team, tenant, state, version, lease },
    body: Buffer.from(row.body),
    expiresAtMs: row.expires_at,
    createdAtMs: row.created_at,
    changedAtMs: row.changed_at,
  }
}
