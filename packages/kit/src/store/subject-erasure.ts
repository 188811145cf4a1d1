import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { KeyRing } from '../crypto/index.ts'
import { type ChangeTopic, countChange } from './changes.ts'
import { Installers } from './installers.ts'
import { guardStore } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { removeUser } from './user-store.ts'

/** What goes of one table, or went. */
export interface ErasedRows {
  readonly table: string
  /** `emptied`: the row stays, without what was said of the person. */
  readonly action: 'removed' | 'emptied'
  readonly rows: number
}

/**
 * Removes what a store knows of people, by the ids of their principals. The ids themselves stay where the audit
 * log has them, and say nothing once these rows are gone.
 */
export interface SubjectErasure {
  /** The principals `installer:<provider>:<id>` of those who installed an app and have that id at a provider. */
  installers(person: string): Promise<readonly string[]>
  /** What would go; changes nothing. */
  plan(principals: readonly string[]): Promise<readonly ErasedRows[]>
  /**
   * All of it or nothing.
   *
   * @throws {AppError} `conflict` where no usable admin would be left; `store_unwritable`
   */
  erase(principals: readonly string[]): Promise<readonly ErasedRows[]>
}

type Changing = Kysely<Tables> | Transaction<Tables>

interface Part {
  readonly table: 'keys' | 'users' | 'logins' | 'subjects' | 'suspensions' | 'usage' | 'outcomes'
  readonly action: ErasedRows['action']
  where(id: string): RawBuilder<unknown>
}

/** Of these nothing comes back: who they were cannot call any more. */
const GONE = /^(?:key|user):/

const PARTS: readonly Part[] = [
  { table: 'keys', action: 'removed', where: (id) => sql`id = ${behind('key:', id)}` },
  { table: 'logins', action: 'removed', where: (id) => sql`user_id = ${behind('user:', id)}` },
  { table: 'users', action: 'removed', where: (id) => sql`id = ${behind('user:', id)}` },
  { table: 'subjects', action: 'removed', where: (id) => sql`id = ${id}` },
  { table: 'outcomes', action: 'removed', where: (id) => sql`principal = ${id}` },
  { table: 'usage', action: 'removed', where: (id) => sql`scope like ${ending(id)} escape '!'` },
  {
    ...{ table: 'suspensions', action: 'removed' },
    where: (id) => sql`kind = 'principal' and subject = ${GONE.test(id) ? id : ''}`,
  },
  {
    // Who comes back with a token of somewhere else is still kept out.
    ...{ table: 'suspensions', action: 'emptied' },
    where: (id) =>
      sql`kind = 'principal' and subject = ${GONE.test(id) ? '' : id} and reason <> ''`,
  },
]

/** In the order in which all who count them do. */
const TOPICS: readonly ChangeTopic[] = ['keys', 'users', 'logins', 'suspensions', 'subjects']

/** The erasure of one store. */
export class SqlSubjectErasure implements SubjectErasure {
  readonly #db: Kysely<Tables>

  readonly #kind: 'sqlite' | 'postgres'
  readonly #installers: Installers

  /** @param keys what installations are sealed with */
  constructor(db: Kysely<Tables>, kind: 'sqlite' | 'postgres', keys: KeyRing) {
    this.#db = db
    this.#kind = kind
    this.#installers = new Installers(keys)
  }

  async installers(person: string): Promise<readonly string[]> {
    return await guardStore('installers cannot be read', () =>
      this.#installers.find(this.#db, person),
    )
  }

  async plan(principals: readonly string[]): Promise<readonly ErasedRows[]> {
    return await guardStore('what would be erased cannot be read', async () => {
      const rows = await forEach(principals, async ({ table, where }, id) => {
        const counted = sql<{ rows: number }>`select count(*) as rows from ${sql.table(table)}
          where ${where(id)}`
        return Number((await counted.execute(this.#db)).rows[0]?.rows ?? 0)
      })
      const installed = await sum(principals, (id) => this.#installers.count(this.#db, id))
      return [...rows, emptied(installed)]
    })
  }

  async erase(principals: readonly string[]): Promise<readonly ErasedRows[]> {
    // What is deleted is overwritten, not merely unlinked; from then on of everything that this process deletes.
    if (this.#kind === 'sqlite') await sql`pragma secure_delete = on`.execute(this.#db)
    return await guardStore('the subject cannot be erased', () =>
      this.#db.transaction().execute(async (db) => {
        for (const topic of TOPICS) await countChange(db, topic)
        const version = await countChange(db, 'installations')
        const rows = await forEach(principals, (part, id) => erasePart(db, part, id))
        const installed = await sum(principals, (id) => this.#installers.empty(db, id, version))
        return [...rows, emptied(installed)]
      }),
    )
  }
}

async function erasePart(
  db: Changing,
  { table, action, where }: Part,
  id: string,
): Promise<number> {
  const at = where(id)
  if (action === 'emptied')
    return affected(
      sql`update ${sql.table(table)} set reason = ''
    where ${at}`.execute(db),
    )
  if (table !== 'users') {
    return affected(sql`delete from ${sql.table(table)} where ${at}`.execute(db))
  }
  return Number(await removeUser(db as Transaction<Tables>, behind('user:', id))) // in `erase`
}

async function affected(done: Promise<{ readonly numAffectedRows?: bigint }>): Promise<number> {
  return Number((await done).numAffectedRows ?? 0n)
}

async function forEach(
  principals: readonly string[],
  count: (part: Part, id: string) => Promise<number>,
): Promise<readonly ErasedRows[]> {
  const all: ErasedRows[] = []
  for (const part of PARTS) {
    const rows = await sum(principals, (id) => count(part, id))
    all.push({ table: part.table, action: part.action, rows })
  }
  return all
}

async function sum(
  principals: readonly string[],
  count: (id: string) => Promise<number>,
): Promise<number> {
  let rows = 0
  for (const id of principals) rows += await count(id)
  return rows
}

/** Of installations the workspace's own part stays. */
function emptied(rows: number): ErasedRows {
  return { table: 'installations', action: 'emptied', rows }
}

/** What stands behind the kind in the id of a principal; nothing for other kinds. */
function behind(kind: string, id: string): string {
  return id.startsWith(kind) ? id.slice(kind.length) : ''
}

/** A pattern for what was counted of a principal: its id is the last word of the scope. */
function ending(id: string): string {
  return `% ${id.replaceAll(/[!%_]/g, (sign) => `!${sign}`)}`
}
