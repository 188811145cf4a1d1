import type { Kysely, Selectable, Transaction } from 'kysely'
import { AppError } from '../errors.ts'
import { changing } from './changes.ts'
import { guardStore, isUniqueViolation } from './store-failure.ts'
import type { Tables } from './tables.ts'
import { assertShort } from './text-limits.ts'

/** How much of each is kept. What is oldest goes first, but for attestations and baselines, which refuse. */
export const CHECKLIST_LIMITS = {
  attestations: 2_000,
  reports: 50,
  /** Of one role. */
  signOffs: 20,
  /** Of one drill. */
  drillRuns: 20,
  /** Of all drills. */
  drillRunsInAll: 1_000,
  baselines: 500,
  /** Characters of a name or an id. */
  nameCharacters: 256,
  /** Characters of a note, of a drill and of what is told of a report. */
  textCharacters: 1024 * 1024,
  /** Of one report as it is kept. */
  reportBytes: 8 * 1024 * 1024,
} as const

/** What a person stands for. */
export interface AttestationRecord {
  readonly item: string
  readonly kind: string
  /** A person, as they sign. */
  readonly by: string
  readonly note: string
  readonly atMs: number
  readonly expiresAtMs: number
}

/** A report that was kept, without what is in it. */
export interface ReportHead {
  readonly id: string
  /** What is told of it without opening it, JSON text in a form of its owner's. */
  readonly head: string
}

export interface ReportRecord extends ReportHead {
  /** All of it, in a form of its owner's. */
  readonly body: Buffer
}

export interface SignOffRecord {
  readonly role: string
  readonly by: string
  readonly atMs: number
  /** Id of the report that was signed for. */
  readonly report: string
}

export interface DrillRunRecord {
  readonly drill: string
  readonly endedAtMs: number
  /** JSON text in a form of its owner's. */
  readonly body: string
}

export interface BaselineRecord {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly atMs: number
}

/**
 * What a checklist keeps between its runs. Every method throws `AppError` `store_unwritable`; one that writes
 * `request_invalid` for what is too long.
 */
export interface ChecklistStore {
  /** By item. */
  attestations(): Promise<readonly AttestationRecord[]>
  /** In place of an earlier one of the item. @throws {AppError} `conflict` for one too many */
  attest(record: AttestationRecord): Promise<void>
  /** False when there was none. */
  removeAttestation(item: string): Promise<boolean>
  /** Newest first. */
  reports(): Promise<readonly ReportHead[]>
  report(id: string): Promise<ReportRecord | undefined>
  /** Keeps the newest, and those that somebody signed for. @throws {AppError} `conflict` where the id is taken */
  addReport(record: ReportRecord): Promise<void>
  /** The newest of each role. */
  signOffs(): Promise<readonly SignOffRecord[]>
  addSignOff(record: SignOffRecord): Promise<void>
  /** The newest of each drill. */
  drillRuns(): Promise<readonly DrillRunRecord[]>
  addDrillRun(record: DrillRunRecord): Promise<void>
  /** By name. */
  baselines(): Promise<readonly BaselineRecord[]>
  /** In place of an earlier one of the name. @throws {AppError} `conflict` for one too many */
  setBaseline(record: BaselineRecord): Promise<void>
}

/** The tables of the checklist. */
export class SqlChecklistStore implements ChecklistStore {
  readonly #db: Kysely<Tables>

  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  async attestations(): Promise<readonly AttestationRecord[]> {
    const rows = await guardStore('attestations cannot be read', () =>
      this.#db.selectFrom('attestations').selectAll().orderBy('item').execute(),
    )
    return rows.map(({ item, kind, signed_by: by, note, at, expires_at: expiresAtMs }) => {
      return { item, kind, by, note, atMs: at, expiresAtMs }
    })
  }

  async attest({ item, kind, by, note, atMs, expiresAtMs }: AttestationRecord): Promise<void> {
    assertName('the item', item)
    assertName('the name of who attests', by)
    assertText('the note', note)
    const values = { kind, signed_by: by, note, at: atMs, expires_at: expiresAtMs }
    await guardStore('the attestation cannot be kept', () =>
      this.#db.transaction().execute(async (db) => {
        await db
          .insertInto('attestations')
          .values({ item, ...values })
          .onConflict((conflict) => conflict.column('item').doUpdateSet(values))
          .execute()
        await assertRoom(db, 'attestations')
      }),
    )
  }

  async removeAttestation(item: string): Promise<boolean> {
    const { numDeletedRows } = await guardStore('the attestation cannot be removed', () =>
      this.#db.deleteFrom('attestations').where('item', '=', item).executeTakeFirst(),
    )
    return numDeletedRows > 0n
  }

  async reports(): Promise<readonly ReportHead[]> {
    return await guardStore('reports cannot be read', () =>
      this.#db
        .selectFrom('check_reports')
        .select(['id', 'head'])
        .orderBy('number', 'desc')
        .execute(),
    )
  }

  async report(id: string): Promise<ReportRecord | undefined> {
    const row = await guardStore('the report cannot be read', () =>
      this.#db
        .selectFrom('check_reports')
        .select(['id', 'head', 'body'])
        .where('id', '=', id)
        .executeTakeFirst(),
    )
    return row && { id: row.id, head: row.head, body: Buffer.from(row.body) }
  }

  async addReport({ id, head, body }: ReportRecord): Promise<void> {
    assertName('the id of the report', id)
    assertText('what is told of the report', head)
    assertShort('the report', body, CHECKLIST_LIMITS.reportBytes)
    await guardStore('the report cannot be kept', async () => {
      try {
        await changing(this.#db, 'checklist', async (db) => {
          await db.insertInto('check_reports').values({ id, head, body }).execute()
          await removeOldReports(db)
        })
      } catch (thrown) {
        if (!isUniqueViolation(thrown)) throw thrown
        throw new AppError('conflict', `the report ${id} is kept already`, { cause: thrown })
      }
    })
  }

  async signOffs(): Promise<readonly SignOffRecord[]> {
    const rows = await guardStore('sign-offs cannot be read', () =>
      this.#db
        .selectFrom('sign_offs')
        .selectAll()
        .where('number', 'in', (query) =>
          query
            .selectFrom('sign_offs')
            .select(({ fn }) => fn.max('number').as('number'))
            .groupBy('role'),
        )
        .orderBy('role')
        .execute(),
    )
    return rows.map(({ role, signed_by: by, at, report }) => ({ role, by, atMs: at, report }))
  }

  async addSignOff({ role, by, atMs, report }: SignOffRecord): Promise<void> {
    assertName('the role', role)
    assertName('the name of who signs', by)
    assertName('the id of the report', report)
    await guardStore('the sign-off cannot be kept', () =>
      this.#db.transaction().execute(async (db) => {
        await db.insertInto('sign_offs').values({ role, signed_by: by, at: atMs, report }).execute()
        const kept = db
          .selectFrom('sign_offs')
          .select('number')
          .where('role', '=', role)
          .orderBy('number', 'desc')
          .limit(CHECKLIST_LIMITS.signOffs)
        await db
          .deleteFrom('sign_offs')
          .where('role', '=', role)
          .where('number', 'not in', kept)
          .execute()
      }),
    )
  }

  async drillRuns(): Promise<readonly DrillRunRecord[]> {
    const rows = await guardStore('runs of drills cannot be read', () =>
      this.#db
        .selectFrom('drill_runs')
        .selectAll()
        .where('number', 'in', (query) =>
          query
            .selectFrom('drill_runs')
            .select(({ fn }) => fn.max('number').as('number'))
            .groupBy('drill'),
        )
        .orderBy('drill')
        .execute(),
    )
    return rows.map(({ drill, ended_at: endedAtMs, body }) => ({ drill, endedAtMs, body }))
  }

  async addDrillRun({ drill, endedAtMs, body }: DrillRunRecord): Promise<void> {
    assertName('the name of the drill', drill)
    assertText('what is told of the drill', body)
    await guardStore('the run of the drill cannot be kept', () =>
      this.#db.transaction().execute(async (db) => {
        await db.insertInto('drill_runs').values({ drill, ended_at: endedAtMs, body }).execute()
        await removeOldDrillRuns(db, drill)
      }),
    )
  }

  async baselines(): Promise<readonly BaselineRecord[]> {
    const rows = await guardStore('baselines cannot be read', () =>
      this.#db.selectFrom('baselines').selectAll().orderBy('name').execute(),
    )
    return rows.map(toBaseline)
  }

  async setBaseline({ name, value, unit, atMs }: BaselineRecord): Promise<void> {
    assertName('the name of the figure', name)
    assertName('its unit', unit)
    // As text, so that both engines give back the number that they were given.
    const values = { value: String(value), unit, at: atMs }
    await guardStore('the baseline cannot be kept', () =>
      this.#db.transaction().execute(async (db) => {
        await db
          .insertInto('baselines')
          .values({ name, ...values })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
          .execute()
        await assertRoom(db, 'baselines')
      }),
    )
  }
}

/** @throws {AppError} `conflict`, which takes the row back that was one too many */
async function assertRoom(
  db: Transaction<Tables>,
  table: 'attestations' | 'baselines',
): Promise<void> {
  const { count } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  const max = CHECKLIST_LIMITS[table]
  if (Number(count) > max) throw new AppError('conflict', `${max} ${table} are kept at most`)
}

/** A sign-off without the report that it was given for would say nothing. */
async function removeOldReports(db: Transaction<Tables>): Promise<void> {
  const newest = db
    .selectFrom('check_reports')
    .select('number')
    .orderBy('number', 'desc')
    .limit(CHECKLIST_LIMITS.reports)
  const signed = db
    .selectFrom('sign_offs')
    .select('report')
    .where('number', 'in', (query) =>
      query
        .selectFrom('sign_offs')
        .select(({ fn }) => fn.max('number').as('number'))
        .groupBy('role'),
    )
  await db
    .deleteFrom('check_reports')
    .where('number', 'not in', newest)
    .where('id', 'not in', signed)
    .execute()
}

async function removeOldDrillRuns(db: Transaction<Tables>, drill: string): Promise<void> {
  const newest = db.selectFrom('drill_runs').select('number').orderBy('number', 'desc')
  const ofDrill = newest.where('drill', '=', drill).limit(CHECKLIST_LIMITS.drillRuns)
  await db
    .deleteFrom('drill_runs')
    .where('drill', '=', drill)
    .where('number', 'not in', ofDrill)
    .execute()
  await db
    .deleteFrom('drill_runs')
    .where('number', 'not in', newest.limit(CHECKLIST_LIMITS.drillRunsInAll))
    .execute()
}

function toBaseline({ name, value, unit, at }: Selectable<Tables['baselines']>): BaselineRecord {
  return { name, value: Number(value), unit, atMs: at }
}

function assertName(what: string, text: string): void {
  assertShort(what, text, CHECKLIST_LIMITS.nameCharacters)
}

function assertText(what: string, text: string): void {
  assertShort(what, text, CHECKLIST_LIMITS.textCharacters)
}
