import { type NumberBounds, wholeNumber } from './fields.ts'
import type { SlackLimits, SlackSettings } from './settings.ts'
import type { VariableReader } from './variable-reader.ts'

const KIB = 1_024
const MIB = 1_024 * KIB

const LIMITS = {
  SLACK_REQUEST_BYTES: { min: KIB, max: 16 * MIB, fallback: 64 * KIB, unit: 'bytes' },
  SLACK_RESPONSE_BYTES: { min: 64 * KIB, max: 64 * MIB, fallback: 10 * MIB, unit: 'bytes' },
  SLACK_CALL_MS: { min: 100, max: 300_000, fallback: 30_000, unit: 'milliseconds' },
  SLACK_DRAIN_MS: { min: 0, max: 300_000, fallback: 20_000, unit: 'milliseconds' },
  SLACK_RATE_PER_SECOND: { min: 1, max: 100_000, fallback: 200, unit: 'requests' },
  SLACK_RATE_BURST: { min: 1, max: 100_000, fallback: 400, unit: 'requests' },
  SLACK_CONCURRENT: { min: 1, max: 10_000, fallback: 64, unit: 'calls' },
  SLACK_CONNECTIONS: { min: 10, max: 100_000, fallback: 10_000, unit: 'connections' },
  SLACK_CONNECTIONS_PER_ADDRESS: { min: 1, max: 100_000, fallback: 2_000, unit: 'connections' },
} as const satisfies Readonly<Record<string, NumberBounds>>

const TIMES = {
  SESSION_TTL_MS: { min: 1_000, max: 86_400_000, fallback: 900_000, unit: 'milliseconds' },
  SLACK_STATE_TTL_MS: { min: 1_000, max: 3_600_000, fallback: 600_000, unit: 'milliseconds' },
  SLACK_REFRESH_MARGIN_MS: {
    min: 0,
    max: 39_600_000,
    fallback: 3_600_000,
    unit: 'milliseconds',
  },
} as const satisfies Readonly<Record<string, NumberBounds>>

const KEEP = 'SLACK_AUDIT_KEEP_DAYS'
const DAYS = { min: 1, max: 3_650, fallback: 90, unit: 'days' }
const DAY_MS = 86_400_000

/** Names of the variables that are read here. */
export const LIMIT_VARIABLES = [...Object.keys(LIMITS), ...Object.keys(TIMES), KEEP]

/**
 * How long rows of the audit log are kept. A database may be shared with a gateway that keeps them for longer: there
 * nothing goes unless it is said.
 *
 * @param location of the store
 */
export function readAuditKeep(
  reader: VariableReader,
  location: string,
): SlackSettings['auditKeepMs'] {
  const isOwn = location.startsWith('sqlite:')
  if (reader.text(KEEP) === undefined && !isOwn) return undefined
  const days = reader.read(KEEP, wholeNumber(DAYS))
  return days === undefined ? undefined : days * DAY_MS
}

type Times = Pick<SlackSettings, 'sessionTtlMs' | 'stateTtlMs' | 'refreshMarginMs'>

/** Undefined where something was refused. */
export function readLimits(reader: VariableReader): SlackLimits | undefined {
  const found = readAll(reader, LIMITS)
  return (
    found && {
      requestBytes: found.SLACK_REQUEST_BYTES,
      responseBytes: found.SLACK_RESPONSE_BYTES,
      callMs: found.SLACK_CALL_MS,
      drainMs: found.SLACK_DRAIN_MS,
      perPrincipal: {
        ratePerSecond: found.SLACK_RATE_PER_SECOND,
        burst: found.SLACK_RATE_BURST,
        concurrent: found.SLACK_CONCURRENT,
      },
      connections: found.SLACK_CONNECTIONS,
      connectionsPerAddress: found.SLACK_CONNECTIONS_PER_ADDRESS,
    }
  )
}

/** Undefined where something was refused. */
export function readTimes(reader: VariableReader): Times | undefined {
  const found = readAll(reader, TIMES)
  return (
    found && {
      sessionTtlMs: found.SESSION_TTL_MS,
      stateTtlMs: found.SLACK_STATE_TTL_MS,
      refreshMarginMs: found.SLACK_REFRESH_MARGIN_MS,
    }
  )
}

function readAll<Name extends string>(
  reader: VariableReader,
  all: Readonly<Record<Name, NumberBounds>>,
): Record<Name, number> | undefined {
  const entries = Object.entries<NumberBounds>(all).map(
    ([name, bounds]) => [name, reader.read(name, wholeNumber(bounds))] as const,
  )
  if (entries.some(([, value]) => value === undefined)) return undefined
  return Object.fromEntries(entries) as Record<Name, number> // none is undefined
}
