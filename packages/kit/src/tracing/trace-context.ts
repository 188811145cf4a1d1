/** What a request says of the trace it belongs to, valid and ready to be passed on. */
export interface TraceContext {
  /** Version 00, in small letters. */
  readonly traceparent: string
  /** As it came; undefined when there was none or it was not valid. */
  readonly tracestate: string | undefined
}

export interface Traceparent {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId: string
  /** Whether whoever sent it records the trace. */
  readonly sampled: boolean
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NOTHING = /^0+$/
const SAMPLED = 1
const TRACEPARENT_CHARACTERS_MAX = 512

/**
 * Reads a `traceparent`; undefined for one that is not valid, which counts as none.
 *
 * Source: W3C Trace Context §3.2.2, "traceparent Header Field Values", and §4.3, versions.
 */
export function parseTraceparent(text: unknown): Traceparent | undefined {
  if (typeof text !== 'string' || text.length > TRACEPARENT_CHARACTERS_MAX) return undefined
  const [, version, traceId = '', spanId = '', flags = '', more] = FORM.exec(text) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) {
    return undefined
  }
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED }
}

/** A `traceparent` of version 00. */
export function formatTraceparent({ traceId, spanId, sampled }: Traceparent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

const STATE_CHARACTERS_MAX = 512
const STATE_MEMBERS_MAX = 32
const STATE_MEMBER =
  /^[ \t]*(?:[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])?[ \t]*$/

/** Whether a `tracestate` may be passed on. Source: W3C Trace Context §3.3.1. */
export function isTracestate(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > STATE_CHARACTERS_MAX) return false
  const members = text.split(',')
  if (members.length > STATE_MEMBERS_MAX || text.trim() === '') return false
  return members.every((member) => STATE_MEMBER.test(member))
}

/** Where a request may name its trace. */
export interface TraceCarrier {
  readonly traceparent?: unknown
  readonly tracestate?: unknown
}

/**
 * The trace of a request. What `_meta` says goes before the header: it is part of the message, while the
 * header may be any proxy's between. Whichever has a valid `traceparent` gives both values, so that the state
 * of one trace never meets the other.
 *
 * Source: MCP 2026-07-28, "Trace context"; W3C Trace Context §4.
 */
export function readTraceContext(
  meta: TraceCarrier | undefined,
  headers: TraceCarrier,
): TraceContext | undefined {
  return fromCarrier(meta) ?? fromCarrier(headers)
}

function fromCarrier(carrier: TraceCarrier | undefined): TraceContext | undefined {
  if (carrier?.traceparent === undefined) return undefined
  const parsed = parseTraceparent(carrier.traceparent)
  if (parsed === undefined) return undefined
  const { tracestate } = carrier
  return {
    traceparent: formatTraceparent(parsed),
    tracestate: isTracestate(tracestate) ? tracestate : undefined,
  }
}
