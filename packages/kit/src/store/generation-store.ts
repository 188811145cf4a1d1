import type { Kysely, Selectable } from 'kysely'
import { guardStore } from './store-failure.ts'
import type { GenerationRecord, GenerationStore } from './store.ts'
import { assertShort, GENERATION_BYTES_MAX, TEXT_CHARS_MAX } from './text-limits.ts'
import type { Tables } from './tables.ts'

/** Of a file's path, characters. */
const PATH_CHARS_MAX = 4_096
const CAUSES: readonly GenerationRecord['cause'][] = ['start', 'file', 'signal', 'api', 'rollback']

/** The configurations that were in force. */
export class SqlGenerationStore implements GenerationStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async list(): Promise<readonly Omit<GenerationRecord, 'body'>[]> {
    const rows = await guardStore('configurations cannot be read', () =>
      this.#db
        .selectFrom('generations')
        .select(['id', 'at', 'cause', 'decided_by', 'digest', 'file'])
        .orderBy('id', 'desc')
        .execute(),
    )
    return rows.map(toHead)
  }

  async get(id: number): Promise<GenerationRecord | undefined> {
    const row = await guardStore('the configuration cannot be read', () =>
      this.#db.selectFrom('generations').selectAll().where('id', '=', id).executeTakeFirst(),
    )
    return row && { ...toHead(row), body: Buffer.from(row.body) }
  }

  async add(record: Omit<GenerationRecord, 'id'>, keepMax: number): Promise<number> {
    const { atMs, cause, by, digest, file, body } = record
    assertShort('the configuration', body, GENERATION_BYTES_MAX)
    assertShort('the path of the configuration', file, PATH_CHARS_MAX)
    assertShort('the principal', by, TEXT_CHARS_MAX)
    const values = { at: atMs, cause, decided_by: by, digest, file, body }
    return await guardStore('the configuration cannot be kept', () =>
      // Nothing but this connection may be waited for inside: the audit log shares the thread.
      this.#db.transaction().execute(async (db) => {
        const { id } = await db
          .insertInto('generations')
          .values(values)
          .returning('id')
          .executeTakeFirstOrThrow()
        const kept = db.selectFrom('generations').select('id').orderBy('id', 'desc').limit(keepMax)
        await db.deleteFrom('generations').where('id', 'not in', kept).execute()
        return id
      }),
    )
  }
}

function toHead(
  row: Omit<Selectable<Tables['generations']>, 'body'>,
): Omit<GenerationRecord, 'body'> {
  return {
    id: row.id,
    atMs: row.at,
    // A cause that only a later version knows.
    cause: CAUSES.find((cause) => cause === row.cause) ?? 'file',
    by: row.decided_by,
    digest: row.digest,
    file: row.file,
  }
}
