import { z } from 'zod'
import { itemId, report, type Report, type SignOff } from './report.ts'
import type { SignOffRole } from './words.ts'

const instant = z.iso.datetime()

/** Of one line: what no database keeps and what nobody can sign has no place in it. */
const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'must be one line of text')

/** What a person stands for. */
export const attestation = z.strictObject({
  item: itemId,
  /** `not_applicable`: that the item does not concern this deployment. */
  kind: z.enum(['attested', 'not_applicable']),
  /** Who, as they sign: a name or an address, 1 to 256 characters. */
  by: line(256),
  /** What was looked at, or why it does not apply, 1 to 2,000 characters. */
  note: z
    .string()
    .min(1)
    .max(2_000)
    .regex(/^[^\0\p{Cs}]+$/u, 'must be text'),
  at: instant,
  expiresAt: instant,
})

/** One figure of a drill, such as `failover` 212 `ms`. */
export const figure = z.strictObject({
  name: z.string().max(64),
  value: z.number(),
  unit: z.enum(['ms', 'calls', 'calls/s', 'processes', 'percent', 'bytes']),
})

/** One run of a drill. */
export const drillRun = z.strictObject({
  drill: line(64),
  ok: z.boolean(),
  /** What was done and seen, one sentence each. */
  steps: z.array(z.string().max(2_000)).max(50),
  figures: z.array(figure).max(50),
  startedAt: instant,
  endedAt: instant,
})

/** A figure as it was when it was last accepted, against which later ones are judged. */
export const baseline = z.strictObject({
  name: line(64),
  value: z.number(),
  unit: figure.shape.unit,
  at: instant,
})

export type Attestation = z.output<typeof attestation>
export type Figure = z.output<typeof figure>
export type DrillRun = z.output<typeof drillRun>
export type Baseline = z.output<typeof baseline>

/** One report without its items. */
export const reportSummary = report.pick({
  id: true,
  version: true,
  environment: true,
  profile: true,
  startedAt: true,
  endedAt: true,
  only: true,
  summary: true,
  regressions: true,
})

export type ReportSummary = z.output<typeof reportSummary>

/**
 * What the checklist keeps: in the store of the gateway, reached over its local socket while it runs. Every method
 * throws `AppError` `store_unwritable` or `store_unreachable`.
 */
export interface ChecklistBook {
  /** The last of each item, also those that have expired. */
  attestations(): Promise<readonly Attestation[]>
  /** In place of an earlier one. @throws {AppError} `request_invalid` for one that is over, or stands too long */
  attest(attestation: Attestation): Promise<void>
  /** False when there was none. */
  removeAttestation(item: string): Promise<boolean>
  /** The last run of each drill. */
  drillRuns(): Promise<readonly DrillRun[]>
  recordDrill(run: DrillRun): Promise<void>
  baselines(): Promise<readonly Baseline[]>
  setBaseline(baseline: Baseline): Promise<void>
  /** Newest first: the last 50, and older ones that somebody signed for. */
  reports(): Promise<readonly ReportSummary[]>
  /** The newest, or that one; undefined where there is none. */
  report(id?: string): Promise<Report | undefined>
  /** Keeps a report, the last 50, and gives it back signed. @throws {AppError} `conflict` where it is kept already */
  save(report: Report): Promise<Report>
  /** The newest of each role. */
  signOffs(): Promise<readonly SignOff[]>
  /**
   * @throws {AppError} `conflict` while an item of that role fails or is unproved in that report, or it looked at
   *   a part of the items only; `not_found`
   */
  signOff(role: SignOffRole, by: string, reportId: string): Promise<SignOff>
  /** SPKI of the key that signs, base64url. */
  publicKey(): Promise<string>
}
