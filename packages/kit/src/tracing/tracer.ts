import type { TraceContext } from './trace-context.ts'

/** The parts of a call: waiting for a place, for the server's start, and for its answer. */
export type SpanName = 'queue' | 'start' | 'upstream'

export interface CallFacts {
  /** What the request said of its trace; undefined starts one. */
  readonly context: TraceContext | undefined
  /** One of the protocol's methods, never free text of a client. */
  readonly method: string
  /** Name of the server; undefined when it is not known yet or there is none. */
  readonly server?: string | undefined
  /** The server's own name of a tool that its list holds. */
  readonly tool?: string | undefined
}

/** A part of a call that is under way. */
export interface PartSpan {
  /** What the server is told when this part is the trace it works for; undefined while tracing is off. */
  readonly traceparent: string | undefined
  /** Ends it; later calls do nothing. */
  end(): void
}

/** A call that is under way. */
export interface CallSpan {
  /** As of {@link PartSpan}. */
  readonly traceparent: string | undefined
  /** Goes on beside `traceparent`. */
  readonly tracestate: string | undefined
  /** Says where it went, once that is known; `members`: those of a group that it was given to. */
  describe(server: string, tool: string | undefined, members?: string | null): void
  /** Begins a part. `queue` and `start` are recorded only when they took a millisecond or more. */
  child(name: SpanName): PartSpan
  /**
   * Ends it, with all of its parts. Later calls do nothing.
   *
   * @param outcome `ok`, or how it failed
   * @param code code of the error, if any
   */
  end(outcome: string, code?: string): void
}

/** Records calls as traces, or nothing at all. Never throws, never waits. */
export interface Tracer extends AsyncDisposable {
  /** False when tracing is off, so that a caller need not read what it would not use. */
  readonly enabled: boolean
  startCall(facts: CallFacts): CallSpan
}

const NO_PART: PartSpan = { traceparent: undefined, end: () => undefined }

/** The call of a gateway that does not trace. */
export const NO_SPAN: CallSpan = {
  traceparent: undefined,
  tracestate: undefined,
  describe: () => undefined,
  child: () => NO_PART,
  end: () => undefined,
}

/** Tracing that is off. Allocates nothing. */
export const NO_TRACER: Tracer = {
  enabled: false,
  startCall: () => NO_SPAN,
  [Symbol.asyncDispose]: () => Promise.resolve(),
}
