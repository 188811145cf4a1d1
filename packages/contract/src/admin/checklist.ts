import { z } from 'zod'
import { attestation, baseline, drillRun, reportSummary } from '../checklist/book.ts'
import { report, reportItem, signOff } from '../checklist/report.ts'
import { instant, listOf } from './list.ts'

/** A whole report, as `check --json` prints it. */
export const checkReportBody = report.meta({
  id: 'ChecklistReport',
  description: 'A report of the checklist with its items, signed where a store has kept it.',
})

export const reportSummaryList = listOf(reportSummary.meta({ id: 'ChecklistReportSummary' })).meta({
  id: 'ChecklistReportList',
})

/** The answer of `GET /api/v1/checklist/items/:id`. */
export const itemStanding = z
  .strictObject({
    report: z.string().meta({ description: 'Id of the report that says so.' }),
    item: reportItem,
    attestation: attestation
      .nullable()
      .meta({ description: 'What a person stands for of the item itself; null without.' }),
  })
  .meta({ id: 'ChecklistItem', description: 'Where one item stands.' })

const attestationItem = attestation.meta({ id: 'Attestation' })
export const attestationList = listOf(attestationItem).meta({ id: 'AttestationList' })

/** The body of `POST /api/v1/checklist/attestations`. */
export const attestationCreate = attestation
  .omit({ at: true })
  .extend({
    kind: attestation.shape.kind.default('attested').meta({
      description: '`not_applicable`: that the item does not concern this deployment.',
    }),
  })
  .meta({ id: 'AttestationCreate' })

/** Its answer. */
export const attestationMade = attestationItem

const drillRunItem = drillRun.meta({ id: 'DrillRun' })
export const drillRunList = listOf(drillRunItem).meta({ id: 'DrillRunList' })
export const drillRunCreate = drillRunItem

const baselineItem = baseline.meta({ id: 'Baseline' })
export const baselineList = listOf(baselineItem).meta({ id: 'BaselineList' })
export const baselineCreate = baselineItem

const signOffItem = signOff.meta({ id: 'SignOff' })
export const signOffList = listOf(signOffItem).meta({ id: 'SignOffList' })

/** The body of `POST /api/v1/checklist/sign-offs`. */
export const signOffCreate = signOff.omit({ at: true }).meta({ id: 'SignOffCreate' })
export const signOffMade = signOffItem

/** The answer of `GET /api/v1/checklist/key`. */
export const checklistKey = z
  .strictObject({
    algorithm: z.literal('EdDSA'),
    keyId: z.string().meta({ description: 'SHA-256 of the key, hex.' }),
    publicKey: z.string().meta({ description: 'SPKI, base64url.' }),
    pem: z.string().meta({ description: 'The same, as files hold it.' }),
  })
  .meta({ id: 'ChecklistKey', description: 'What reports are signed with.' })

const checkRunEnd = z.strictObject({
  startedAt: instant,
  endedAt: instant,
  by: z.string().meta({ description: 'Principal that asked for it.' }),
  outcome: z.enum(['passed', 'failed', 'broken', 'timed_out', 'stopped']).meta({
    description:
      'Passed: every item is good. Failed: at least one is not. Broken: no report came of it.',
  }),
  exitCode: z.int().nullable().meta({ description: 'Of the process; null where it had none.' }),
})

/** The answer of `GET` and `POST /api/v1/checklist/runs`. */
export const checkRunStatus = z
  .strictObject({
    running: z.boolean(),
    startedAt: instant.nullable().meta({ description: 'Of the run under way; null without one.' }),
    last: checkRunEnd.nullable().meta({
      description: 'How the last one ended that this process ran; null before the first.',
    }),
  })
  .meta({ id: 'CheckRunStatus' })

export type AttestationCreate = z.output<typeof attestationCreate>
export type ChecklistKey = z.output<typeof checklistKey>
export type CheckRunStatus = z.output<typeof checkRunStatus>
export type CheckRunEnd = z.output<typeof checkRunEnd>
export type ItemStanding = z.output<typeof itemStanding>
