import type { Kysely } from 'kysely'
import { guardStore } from './store-failure.ts'
import type { CatalogueRecord, CatalogueStore, EraRecord } from './store.ts'
import type { Tables } from './tables.ts'

/** The last known catalogue and era of each server: the newest replaces the one before. */
export class SqlCatalogueStore implements CatalogueStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async readCatalogues(): Promise<readonly CatalogueRecord[]> {
    // One statement, so that no catalogue is read with the pages of another.
    const rows = await guardStore('catalogues cannot be read', () =>
      this.#db
        .selectFrom('catalogues as c')
        .leftJoin('catalogue_pages as p', 'p.server', 'c.server')
        .select(['c.server', 'c.fingerprint', 'c.read_at', 'p.body'])
        .orderBy('c.server')
        .orderBy('p.page')
        .execute(),
    )
    const records = new Map<string, CatalogueRecord & { readonly pages: Buffer[] }>()
    for (const { server, fingerprint, read_at: readAtMs, body } of rows) {
      const record = records.get(server) ?? { server, fingerprint, pages: [], readAtMs }
      records.set(server, record)
      if (body !== null) record.pages.push(Buffer.from(body))
    }
    return [...records.values()]
  }

  async writeCatalogue(record: CatalogueRecord): Promise<void> {
    const head = { fingerprint: record.fingerprint, read_at: record.readAtMs }
    const pages = record.pages.map((body, page) => ({ server: record.server, page, body }))
    await guardStore('the catalogue cannot be written', () =>
      // Nothing but this connection may be waited for inside: the audit log shares the thread.
      this.#db.transaction().execute(async (db) => {
        await db
          .insertInto('catalogues')
          .values({ server: record.server, ...head })
          .onConflict((conflict) => conflict.column('server').doUpdateSet(head))
          .execute()
        await db.deleteFrom('catalogue_pages').where('server', '=', record.server).execute()
        for (const page of pages) await db.insertInto('catalogue_pages').values(page).execute()
      }),
    )
  }

  async readEras(): Promise<readonly EraRecord[]> {
    const rows = await guardStore('eras cannot be read', () =>
      this.#db.selectFrom('eras').selectAll().orderBy('server').execute(),
    )
    return rows.map((row) => ({
      server: row.server,
      fingerprint: row.fingerprint,
      era: row.era === 'modern' ? 'modern' : 'legacy',
      version: row.version,
      judgedAtMs: row.judged_at,
    }))
  }

  async writeEra(record: EraRecord): Promise<void> {
    const values = {
      fingerprint: record.fingerprint,
      era: record.era,
      version: record.version,
      judged_at: record.judgedAtMs,
    }
    await guardStore('the era cannot be written', () =>
      this.#db
        .insertInto('eras')
        .values({ server: record.server, ...values })
        .onConflict((conflict) => conflict.column('server').doUpdateSet(values))
        .execute(),
    )
  }
}
