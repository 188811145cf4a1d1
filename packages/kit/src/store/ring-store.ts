import type { Kysely, Transaction } from 'kysely'
import { KeyRing, type RingContent, Sealer } from '../crypto/index.ts'
import { AppError } from '../errors.ts'
import { countChange } from './changes.ts'
import { assertMasterKey, checksOf, masterSource, type StoreKeys, wrongMasterKey } from './keys.ts'
import { type SqlRunner, toBlob } from './sql-runner.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'

const NAME = 'ring'
const TURN = 'turn'
const PURPOSE = 'store/ring'
const ATTEMPTS_MAX = 3

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
  /**
   * Goes over to these master keys: the keys are sealed with the first of them and so is the check of a start,
   * in one transaction. Resolves with false where that was so already.
   *
   * @throws {AppError} `master_key_wrong` when none of them opens the keys; `conflict`, `store_unwritable`;
   *   then nothing has changed
   */
  adopt(master: StoreKeys): Promise<boolean>
  /**
   * Takes the turn to change the keys, or renews it; false while another holder has it. It ends by itself.
   *
   * @param untilMs wall clock
   */
  takeTurn(holder: string, nowMs: number, untilMs: number): Promise<boolean>
  /** Ends the holder's turn. */
  endTurn(holder: string): Promise<void>
}

/** What is in the store and what it says. */
interface Kept {
  readonly body: Buffer
  readonly ring: KeyRing
}

/**
 * Compares the master key with the one that the store was opened with last, then reads the ring; both are made
 * where there are none. With two master keys both are sealed with the first from now on.
 *
 * @throws {AppError} `master_key_wrong`
 */
export async function openRing(
  runner: SqlRunner,
  { keys, nowMs }: { readonly keys: StoreKeys; readonly nowMs: number },
): Promise<Kept> {
  return await runner.transaction(async () => {
    const sealer = new Sealer(masterSource(keys), PURPOSE)
    const [current] = checksOf(keys)
    // Of several gateways that start on an empty store one makes them, and the others wait for it here.
    await runner.query(
      'insert into key_check (id, mac) values (1, ?) on conflict (id) do nothing',
      [current],
    )
    await runner.query(
      'insert into vault (name, body) values (?, ?) on conflict (name) do nothing',
      [NAME, seal(sealer, KeyRing.create(nowMs).serialise())],
    )
    // Of several that rotate, too, one goes first.
    const [check] = await runner.query(
      'update key_check set mac = mac where id = 1 returning mac as mac',
    )
    const mac = toBlob(check?.['mac'])
    assertMasterKey(keys, mac)
    const [row] = await runner.query('select body from vault where name = ?', [NAME])
    const body = Buffer.from(toBlob(row?.['body']))
    const ring = KeyRing.parse(open(sealer, body))
    const next = reseal(sealer, body)
    if (!mac.equals(current)) {
      await runner.query('update key_check set mac = ? where id = 1', [current])
    }
    if (next.equals(body)) return { body, ring }
    await runner.query('update vault set body = ? where name = ?', [next, NAME])
    return { body: next, ring }
  })
}

/** One step after the other: of a process that rotates and one that looks for changes. */
export class SqlRingStore implements RingStore {
  readonly keys: KeyRing
  readonly #db: Kysely<Tables>
  #master: StoreKeys
  #sealer: Sealer
  #body: Buffer
  #queue: Promise<unknown> = Promise.resolve()

  constructor(db: Kysely<Tables>, master: StoreKeys, { body, ring }: Kept) {
    this.#db = db
    this.#master = master
    this.#sealer = new Sealer(masterSource(master), PURPOSE)
    this.keys = ring
    this.#body = body
  }

  refresh(): Promise<void> {
    return this.#next(async () => {
      const body = await guardStore('the keys of the store cannot be read', () => read(this.#db))
      this.#take(this.#sealer, body)
    })
  }

  save(content: RingContent = this.keys.content): Promise<void> {
    return this.#next(async () => {
      const body = seal(this.#sealer, KeyRing.of(content).serialise())
      await this.#write(this.#master, this.#body, body)
      this.#body = body
      this.keys.replace(content)
    })
  }

  adopt(master: StoreKeys): Promise<boolean> {
    return this.#next(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#adopt(master)
        } catch (thrown) {
          // Another process that goes over to it as well is done in a moment.
          const isConflict = thrown instanceof AppError && thrown.code === 'conflict'
          if (!isConflict || attempt === ATTEMPTS_MAX) throw thrown
        }
      }
    })
  }

  async takeTurn(holder: string, nowMs: number, untilMs: number): Promise<boolean> {
    const body = Buffer.from(JSON.stringify({ holder, untilMs }))
    return await guardStore('the turn to change the keys cannot be taken', () =>
      this.#db.transaction().execute(async (db) => {
        // Counted first: who comes second waits here until the first is done.
        await countChange(db, 'vault')
        const row = await db
          .selectFrom('vault')
          .select('body')
          .where('name', '=', TURN)
          .executeTakeFirst()
        const held = row && (JSON.parse(Buffer.from(row.body).toString()) as Turn) // written here
        if (held && held.holder !== holder && held.untilMs > nowMs) return false
        await db
          .insertInto('vault')
          .values({ name: TURN, body })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ body }))
          .execute()
        return true
      }),
    )
  }

  async endTurn(holder: string): Promise<void> {
    await guardStore('the turn to change the keys cannot be ended', () =>
      this.#db.transaction().execute(async (db) => {
        await countChange(db, 'vault')
        const row = await db
          .selectFrom('vault')
          .select('body')
          .where('name', '=', TURN)
          .executeTakeFirst()
        const held = row && (JSON.parse(Buffer.from(row.body).toString()) as Turn) // written here
        if (held?.holder === holder) {
          await db.deleteFrom('vault').where('name', '=', TURN).execute()
        }
      }),
    )
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(step)
    // Each caller hears of its own failure.
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #adopt(master: StoreKeys): Promise<boolean> {
    const sealer = new Sealer(masterSource(master), PURPOSE)
    const before = await guardStore('the keys of the store cannot be read', () => read(this.#db))
    const body = reseal(sealer, before)
    const isNew = !body.equals(before)
    if (isNew) await this.#write(master, before, body)
    this.#master = master
    this.#sealer = sealer
    this.#take(sealer, body)
    return isNew
  }

  #take(sealer: Sealer, body: Buffer): void {
    if (body.equals(this.#body)) return
    this.keys.replace(KeyRing.parse(open(sealer, body)).content)
    this.#body = body
  }

  /** The keys and what a start compares the master key with, and that others learn of it. */
  async #write(master: StoreKeys, before: Buffer, body: Buffer): Promise<void> {
    const [mac] = checksOf(master)
    await guardStore('the keys of the store cannot be written', () =>
      this.#db.transaction().execute(async (db) => {
        await countChange(db, 'vault')
        const { numUpdatedRows } = await db
          .updateTable('vault')
          .set({ body })
          .where('name', '=', NAME)
          .where('body', '=', before)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) throw changedMeanwhile()
        await db.updateTable('key_check').set({ mac }).where('id', '=', 1).execute()
      }),
    )
  }
}

interface Turn {
  readonly holder: string
  readonly untilMs: number
}

async function read(db: Kysely<Tables> | Transaction<Tables>): Promise<Buffer> {
  const row = await db
    .selectFrom('vault')
    .select('body')
    .where('name', '=', NAME)
    .executeTakeFirst()
  return Buffer.from(row?.body ?? [])
}

function seal(sealer: Sealer, bytes: Buffer): Buffer {
  return Buffer.from(sealer.seal(bytes, NAME))
}

/** The same bytes where the first master key sealed them already. @throws {AppError} `master_key_wrong` */
function reseal(sealer: Sealer, body: Buffer): Buffer {
  const text = sealer.reseal(body.toString('utf8'), NAME)
  if (text === undefined) throw wrongMasterKey()
  return Buffer.from(text)
}

function open(sealer: Sealer, body: Buffer): Buffer {
  const bytes = sealer.open(body.toString('utf8'), NAME)
  if (bytes === undefined) throw wrongMasterKey()
  return bytes
}

function changedMeanwhile(): AppError {
  return new AppError('conflict', 'another process changed the keys of the store; try again')
}
