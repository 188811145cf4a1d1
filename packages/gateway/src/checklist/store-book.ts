import {
  type Attestation,
  attestation as attestationSchema,
  type Baseline,
  baseline as baselineSchema,
  type ChecklistBook,
  type DrillRun,
  type Report,
  type ReportSummary,
  type SignOff,
  signOff as signOffSchema,
  type SignOffRole,
} from '@sallyport/contract/checklist'
import type { Clock } from '@sallyport/kit/clock'
import type { KeyRing } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import { type DocumentSignature, DocumentSigner, judgeDocument } from '@sallyport/kit/signed'
import type { ChecklistStore, SignOffRecord } from '@sallyport/kit/store'
import { assertStands } from './judge-attestation.ts'
import { judgeSignOff } from './judge-sign-off.ts'
import { packReport, unpackHead, unpackReport } from './report-body.ts'

export interface StoreBookDeps {
  readonly store: ChecklistStore
  /** What reports are signed with is derived from it, and the same as long as the store lives. */
  readonly keys: KeyRing
  readonly clock: Clock
  /**
   * The longest that an attestation of an item or answer stands, milliseconds; undefined for an id that nothing
   * has. Without it any id may stand for a year.
   */
  readonly standsMs?: (id: string) => Promise<number | undefined>
  /** Told of a report that was kept here. Must not throw. */
  readonly onSaved?: (report: Report) => void
}

/** What the checklist keeps, in the store of the gateway. */
export class StoreBook implements ChecklistBook {
  readonly #deps: StoreBookDeps
  readonly #signer: DocumentSigner

  constructor(deps: StoreBookDeps) {
    this.#deps = deps
    this.#signer = new DocumentSigner(deps.keys.deriveKey('checklist/sign'))
  }

  async attestations(): Promise<readonly Attestation[]> {
    const records = await this.#deps.store.attestations()
    return records.map(({ atMs, expiresAtMs, ...rest }) =>
      attestationSchema.parse({ ...rest, at: toText(atMs), expiresAt: toText(expiresAtMs) }),
    )
  }

  async attest(attestation: Attestation): Promise<void> {
    const { store, clock, standsMs } = this.#deps
    const { item, kind, by, note } = attestation
    const atMs = Date.parse(attestation.at)
    const expiresAtMs = Date.parse(attestation.expiresAt)
    const longestMs = await standsMs?.(item)
    if (standsMs !== undefined && longestMs === undefined) {
      throw new AppError('not_found', `neither an item nor an answer is named ${item}`)
    }
    assertStands({ atMs, expiresAtMs, nowMs: clock.nowMs() }, longestMs)
    await store.attest({ item, kind, by, note, atMs, expiresAtMs })
  }

  removeAttestation(item: string): Promise<boolean> {
    return this.#deps.store.removeAttestation(item)
  }

  async drillRuns(): Promise<readonly DrillRun[]> {
    const records = await this.#deps.store.drillRuns()
    return records.map(({ body }) => JSON.parse(body) as DrillRun) // `recordDrill` wrote it
  }

  async recordDrill(run: DrillRun): Promise<void> {
    const { drill, endedAt } = run
    const body = JSON.stringify(run)
    await this.#deps.store.addDrillRun({ drill, endedAtMs: Date.parse(endedAt), body })
  }

  async baselines(): Promise<readonly Baseline[]> {
    const records = await this.#deps.store.baselines()
    return records.map(({ atMs, ...rest }) => baselineSchema.parse({ ...rest, at: toText(atMs) }))
  }

  async setBaseline({ name, value, unit, at }: Baseline): Promise<void> {
    await this.#deps.store.setBaseline({ name, value, unit, atMs: Date.parse(at) })
  }

  async reports(): Promise<readonly ReportSummary[]> {
    return (await this.#deps.store.reports()).map(({ head }) => unpackHead(head))
  }

  async report(id?: string): Promise<Report | undefined> {
    const { store } = this.#deps
    const wanted = id ?? (await store.reports())[0]?.id
    const record = wanted === undefined ? undefined : await store.report(wanted)
    return record && (await unpackReport(record.body))
  }

  async save(report: Report): Promise<Report> {
    const signed = this.#sign(report)
    await this.#deps.store.addReport({ id: report.id, ...(await packReport(signed)) })
    this.#deps.onSaved?.(signed)
    return signed
  }

  async signOffs(): Promise<readonly SignOff[]> {
    return (await this.#deps.store.signOffs()).map(toSignOff)
  }

  async signOff(role: SignOffRole, by: string, reportId: string): Promise<SignOff> {
    const { store, clock } = this.#deps
    const report = await this.report(reportId)
    if (report === undefined) throw new AppError('not_found', `no report ${reportId} is kept`)
    if (judgeDocument(report, this.#signer.publicKey).verdict !== 'good') {
      const sentence = `the report ${reportId} is not as it was signed: somebody changed the store`
      throw new AppError('conflict', sentence)
    }
    judgeSignOff(report, role)
    const record = { role, by, atMs: clock.nowMs(), report: reportId }
    await store.addSignOff(record)
    return toSignOff(record)
  }

  async publicKey(): Promise<string> {
    return this.#signer.publicKey
  }

  #sign(report: Report): Report & { readonly signature: DocumentSignature } {
    try {
      return this.#signer.sign(report)
    } catch (cause) {
      const sentence = 'the report holds text that is no Unicode, which nobody can sign'
      throw new AppError('request_invalid', sentence, { cause })
    }
  }
}

function toSignOff({ role, by, atMs, report }: SignOffRecord): SignOff {
  return signOffSchema.parse({ role, by, at: toText(atMs), report })
}

function toText(atMs: number): string {
  return new Date(atMs).toISOString()
}
