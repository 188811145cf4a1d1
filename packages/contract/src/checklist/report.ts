import { z } from 'zod'
import {
  CADENCES,
  EVIDENCE_KINDS,
  PARTS,
  PHASES,
  PROFILES,
  SEEDS,
  SIGN_OFF_ROLES,
  STATES,
} from './words.ts'

/** The most items of a report, and pieces of evidence of an item. */
export const REPORT_LIMITS = { items: 2_000, evidence: 50, textChars: 2_000 } as const

const text = z.string().max(REPORT_LIMITS.textChars)
const instant = z.iso.datetime()

/** `hangar/security/tls`: seed, section, box. */
export const itemId = z
  .string()
  .regex(/^[a-z0-9-]+(?:\/[a-z0-9-]+){1,3}$/, 'an item is named like `hangar/security/tls`')
  .max(128)

export const evidence = z.strictObject({
  kind: z.enum(EVIDENCE_KINDS),
  /** What was seen, one or two sentences; never a secret. */
  text,
  at: instant,
})

export const reportItem = z.strictObject({
  id: itemId,
  seed: z.enum(SEEDS),
  section: text,
  title: text,
  phase: z.enum(PHASES),
  cadence: z.enum(CADENCES),
  /** Who signs for it. */
  role: z.enum(SIGN_OFF_ROLES),
  state: z.enum(STATES),
  /** Ids of the answers that it takes. */
  answers: z.array(z.string().max(128)).max(20),
  evidence: z.array(evidence).max(REPORT_LIMITS.evidence),
  /** How to mend it; null where nothing is to be mended. */
  remedy: text.nullable(),
  /** The part of the product that it waits for. */
  awaits: z.enum(PARTS).optional(),
  at: instant,
})

export const summary = z.strictObject({
  proved: z.int().min(0),
  attested: z.int().min(0),
  not_applicable: z.int().min(0),
  failed: z.int().min(0),
  unproved: z.int().min(0),
})

/** An item that was good in the report before and is not any more. */
export const regression = z.strictObject({
  id: itemId,
  from: z.enum(STATES),
  to: z.enum(STATES),
})

/** One drill in the calendar. */
export const drillDue = z.strictObject({
  drill: z.string().max(64),
  lastAt: instant.nullable(),
  /** Whether the last one succeeded; null where there was none. */
  ok: z.boolean().nullable(),
  nextAt: instant,
  overdue: z.boolean(),
})

const reportId = z
  .string()
  .regex(/^[\w-]{1,64}$/, 'an id of a report is letters, digits, `_` and `-`')

export const signOff = z.strictObject({
  role: z.enum(SIGN_OFF_ROLES),
  by: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'must be one line of text'),
  at: instant,
  /** Id of the report that was signed for. */
  report: reportId,
})

/** Ed25519 over the canonical JSON (RFC 8785) of everything else in the report. */
export const signature = z.strictObject({
  algorithm: z.literal('EdDSA'),
  /** SHA-256 of the public key, hex. */
  keyId: z.string().regex(/^[0-9a-f]{64}$/),
  /** SPKI, base64url. */
  publicKey: z.string().max(256),
  value: z.string().max(256),
})

/** What `check --json` prints. */
export const report = z.strictObject({
  format: z.literal(1),
  id: reportId,
  version: z.string().max(64),
  environment: z.string().max(64),
  profile: z.enum(PROFILES),
  startedAt: instant,
  endedAt: instant,
  /** What the run was confined to; absent = nothing, every item is in it. */
  only: z.array(z.string().max(128)).max(100).optional(),
  summary,
  items: z.array(reportItem).max(REPORT_LIMITS.items),
  regressions: z.array(regression).max(REPORT_LIMITS.items),
  drills: z.array(drillDue).max(100),
  signOffs: z.array(signOff).max(100),
  /** Absent where no store was there to sign it. */
  signature: signature.optional(),
})

export type Evidence = z.output<typeof evidence>
export type ReportItem = z.output<typeof reportItem>
export type Summary = z.output<typeof summary>
export type Regression = z.output<typeof regression>
export type DrillDue = z.output<typeof drillDue>
export type SignOff = z.output<typeof signOff>
export type ReportSignature = z.output<typeof signature>
export type Report = z.output<typeof report>
