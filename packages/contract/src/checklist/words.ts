/**
 * Where an item stands. `proved`: a program saw it, now; `attested`: a named person stands for it until a date;
 * `not_applicable`: for a stated reason; `failed`: with the remedy; `unproved`: nobody knows, which is no pass.
 */
export const STATES = ['proved', 'attested', 'not_applicable', 'failed', 'unproved'] as const
export type State = (typeof STATES)[number]

/** When an item is first due: before going live, or within that time after it. */
export const PHASES = ['before', 'day', 'week', 'month', 'quarter'] as const
export type Phase = (typeof PHASES)[number]

/** How often an item is due again; `change`: with every change of the deployment, and once a year. */
export const CADENCES = ['change', 'day', 'week', 'month', 'quarter'] as const
export type Cadence = (typeof CADENCES)[number]

const DAY_MS = 86_400_000

/** The longest that an attestation of that cadence stands, milliseconds. */
export const STANDS_MS: Readonly<Record<Cadence, number>> = {
  change: 366 * DAY_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 31 * DAY_MS,
  quarter: 92 * DAY_MS,
}

/** The documents whose boxes and rules the checklist answers. */
export const SEEDS = ['hangar', 'system', 'slack', 'discord', 'exposure'] as const
export type Seed = (typeof SEEDS)[number]

/** Who signs for a part of the items. */
export const SIGN_OFF_ROLES = ['technical', 'operations', 'security', 'product'] as const
export type SignOffRole = (typeof SIGN_OFF_ROLES)[number]

/** How a deployment is run. */
export const PROFILES = ['local', 'compose', 'kubernetes'] as const
export type Profile = (typeof PROFILES)[number]

/** What a piece of evidence was read from. */
export const EVIDENCE_KINDS = [
  'config',
  'file',
  'environment',
  'http',
  'tls',
  'socket',
  'command',
  'database',
  'metric',
  'log',
  'gateway',
  'drill',
  'claim',
  'attestation',
  'reason',
] as const
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number]

/** Parts of the product that are to come; what waits for one counts as unproved. */
export const PARTS = ['03b', '04b', '04c', '06b', '07', '08a', '08b', 'later'] as const
export type Part = (typeof PARTS)[number]
