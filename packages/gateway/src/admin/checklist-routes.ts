import type { ChecklistBook, Report } from '@sallyport/contract/checklist'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { toPem } from '@sallyport/kit/signed'
import type { FastifyInstance } from 'fastify'
import { createHash } from 'node:crypto'
import type { CheckRuns } from '../checklist/check-runs.ts'
import type { Operator } from '../operations.ts'
import { addRoutes } from './add-routes.ts'
import { toInstant } from './instant.ts'
import { numberKey, page } from './page.ts'

export interface ChecklistDeps {
  readonly book: ChecklistBook
  readonly checkRuns: Pick<CheckRuns, 'start' | 'status'>
  readonly clock: Clock
  readonly log: Log
}

/** Everything under `/api/v1/checklist`. */
export function addChecklistRoutes(app: FastifyInstance, deps: ChecklistDeps): void {
  addReportRoutes(app, deps)
  addBookRoutes(app, deps)
  const { book, checkRuns } = deps
  addRoutes(app, {
    'checklist.key': async () => {
      const publicKey = await book.publicKey()
      const keyId = createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex')
      return { algorithm: 'EdDSA', keyId, publicKey, pem: toPem(publicKey) }
    },
    'checklist.runs': () => checkRuns.status(),
    'checklist.run': ({ by: { principal, requestId } }) =>
      checkRuns.start({ by: principal.id, requestId }),
  })
}

/** Reports, and what is said of an item in them. */
function addReportRoutes(app: FastifyInstance, { book, log }: ChecklistDeps): void {
  addRoutes(app, {
    'checklist.latest': async () => found(await book.report(), 'there is no report yet'),
    'checklist.reports': async ({ query }) => {
      const reports = await book.reports()
      // They come newest first, and the order of their keeping is no part of them.
      const numbered = reports.map((report, at) => ({ report, key: keyOf(report.endedAt, at) }))
      const paged = page(numbered, ({ key }) => key, query, 'down')
      return { ...paged, items: paged.items.map(({ report }) => report) }
    },
    'checklist.report': async ({ params: { id } }) =>
      found(await book.report(id), 'no report of that id is kept'),
    'checklist.save': async ({ body, by: { principal, requestId } }) => {
      const saved = await book.save(body)
      const { id, summary } = saved
      log.info({ report: id, summary, by: principal.id, requestId }, 'checklist report kept')
      return saved
    },
    'checklist.item': async ({ params: { id } }) => {
      const report = found(await book.report(), 'there is no report yet')
      const item = found(
        report.items.find((one) => one.id === id),
        'the newest report has no such item',
      )
      const attestations = await book.attestations()
      const attestation = attestations.find((one) => one.item === id) ?? null
      return { report: report.id, item, attestation }
    },
  })
}

/** What people stand for, drills, baselines and sign-offs. */
function addBookRoutes(app: FastifyInstance, { book, clock, log }: ChecklistDeps): void {
  const note = (facts: object, { principal, requestId }: Operator, message: string): void =>
    log.info({ ...facts, by: principal.id, requestId }, message)
  addRoutes(app, {
    'checklist.attestations': async ({ query }) =>
      page(await book.attestations(), ({ item }) => item, query),
    'checklist.attest': async ({ body, by }) => {
      const attestation = { ...body, at: toInstant(clock.nowMs()) }
      await book.attest(attestation)
      const { item, kind, expiresAt } = attestation
      note({ item, kind, expiresAt }, by, 'attested')
      return attestation
    },
    'checklist.unattest': async ({ params: { id: item }, by }) => {
      if (!(await book.removeAttestation(item))) {
        throw new AppError('not_found', 'nobody stands for that')
      }
      note({ item }, by, 'attestation removed')
    },
    'checklist.drills': async ({ query }) =>
      page(await book.drillRuns(), ({ drill }) => drill, query),
    'checklist.drilled': async ({ body, by }) => {
      await book.recordDrill(body)
      note({ drill: body.drill, ok: body.ok }, by, 'drill recorded')
      return body
    },
    'checklist.baselines': async ({ query }) =>
      page(await book.baselines(), ({ name }) => name, query),
    'checklist.accept': async ({ body, by }) => {
      await book.setBaseline(body)
      note({ figure: body.name, value: body.value }, by, 'baseline accepted')
      return body
    },
    'checklist.signed': async ({ query }) => page(await book.signOffs(), ({ role }) => role, query),
    'checklist.sign': async ({ body: { role, by: name, report }, by }) => {
      const signed = await book.signOff(role, name, report)
      note({ role, report }, by, 'checklist signed off')
      return signed
    },
  })
}

/** Times, then places for reports of one moment, the newest highest. */
function keyOf(endedAt: Report['endedAt'], at: number): string {
  return `${numberKey(Date.parse(endedAt))}:${numberKey(Number.MAX_SAFE_INTEGER - at)}`
}

function found<Value>(value: Value | undefined, sentence: string): Value {
  if (value === undefined) throw new AppError('not_found', sentence)
  return value
}
