import type { Kysely } from 'kysely'
import { KeyRing, type RingContent, Sealer } from '../crypto/index.ts'
import { AppError } from '../errors.ts'
import { masterSource, type StoreKeys } from './keys.ts'
import { type SqlRunner, toBlob } from './sql-runner.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'

const NAME = 'ring'
const PURPOSE = 'store/ring'

/** The keys of a store's data, which lie in it sealed with the master key. */
export interface RingStore {
  /** As they are now; the same object for the life of the store. */
  readonly keys: KeyRing
  /** Reads them again. @throws {AppError} `store_unwritable`, `master_key_wrong` */
  refresh(): Promise<void>
  /**
   * Writes them, sealed with the first master key; without `content`, as they are.
   *
   * @throws {AppError} `conflict` when another process was faster, `store_unwritable`
   */
  save(content?: RingContent): Promise<void>
}

/** What is in the store and what it says. */
interface Kept {
  readonly body: Buffer
  readonly ring: KeyRing
}

/**
 * Reads the ring, or makes it where there is none.
 *
 * @throws {AppError} `master_key_wrong`
 */
export async function openRing(
  runner: SqlRunner,
  { keys, nowMs }: { readonly keys: StoreKeys; readonly nowMs: number },
): Promise<Kept> {
  const sealer = new Sealer(masterSource(keys), PURPOSE)
  const made = seal(sealer, KeyRing.create(nowMs).serialise())
  // Of several gateways that start on an empty store one makes it.
  await runner.query('insert into vault (name, body) values (?, ?) on conflict (name) do nothing', [
    NAME,
    made,
  ])
  const [row] = await runner.query('select body from vault where name = ?', [NAME])
  const body = Buffer.from(toBlob(row?.['body']))
  const ring = KeyRing.parse(open(sealer, body))
  if ((keys.deriveKeys?.(PURPOSE).length ?? 1) === 1) return { body, ring }
  const resealed = seal(sealer, ring.serialise())
  await runner.query('update vault set body = ? where name = ? and body = ?', [
    resealed,
    NAME,
    body,
  ])
  const [now] = await runner.query('select body from vault where name = ?', [NAME])
  return { body: Buffer.from(toBlob(now?.['body'])), ring }
}

export class SqlRingStore implements RingStore {
  readonly keys: KeyRing
  readonly #db: Kysely<Tables>
  readonly #sealer: Sealer
  #body: Buffer

  constructor(db: Kysely<Tables>, master: StoreKeys, { body, ring }: Kept) {
    this.#db = db
    this.#sealer = new Sealer(masterSource(master), PURPOSE)
    this.keys = ring
    this.#body = body
  }

  async refresh(): Promise<void> {
    const row = await guardStore('the keys of the store cannot be read', () =>
      this.#db.selectFrom('vault').select('body').where('name', '=', NAME).executeTakeFirst(),
    )
    const body = Buffer.from(row?.body ?? [])
    if (body.equals(this.#body)) return
    this.keys.replace(KeyRing.parse(open(this.#sealer, body)).content)
    this.#body = body
  }

  async save(content: RingContent = this.keys.content): Promise<void> {
    const next = KeyRing.of(content)
    const body = seal(this.#sealer, next.serialise())
    const result = await guardStore('the keys of the store cannot be written', () =>
      this.#db
        .updateTable('vault')
        .set({ body })
        .where('name', '=', NAME)
        .where('body', '=', this.#body)
        .executeTakeFirst(),
    )
    if (result.numUpdatedRows === 0n) {
      throw new AppError('conflict', 'another process changed the keys of the store; try again')
    }
    this.#body = body
    this.keys.replace(content)
  }
}

function seal(sealer: Sealer, bytes: Buffer): Buffer {
  return Buffer.from(sealer.seal(bytes, NAME))
}

function open(sealer: Sealer, body: Buffer): Buffer {
  const bytes = sealer.open(body.toString('utf8'), NAME)
  if (bytes !== undefined) return bytes
  throw new AppError(
    'master_key_wrong',
    'the key "masterKey" is not the one this store was made with; configure that one, or both to rotate',
  )
}
