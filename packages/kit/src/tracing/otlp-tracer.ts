import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer as OtelTracer,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Clock } from '../clock.ts'
import type { Log } from '../log/index.ts'
import type { OtlpSettings } from './otlp-settings.ts'
import { SteadyExporter } from './steady-exporter.ts'
import { formatTraceparent, parseTraceparent, type TraceContext } from './trace-context.ts'
import type { CallFacts, CallSpan, PartSpan, SpanName, Tracer } from './tracer.ts'

const QUEUE_SPANS_MAX = 4_096
const BATCH_SPANS_MAX = 512
const BATCH_EVERY_MS = 1_000
const EXPORT_MS_MAX = 5_000
/** At the stop the whole queue leaves at once, beside a batch on its way. */
const EXPORTS_AT_ONCE_MAX = QUEUE_SPANS_MAX / BATCH_SPANS_MAX + 1
const FLUSH_MS_MAX = 2_000
const ATTRIBUTE_CHARACTERS_MAX = 256
/** A wait that is shorter was none. */
const WAIT_MS_MIN = 1

export interface OtlpTracerRequest {
  readonly settings: OtlpSettings
  readonly sampleRatio: number
  readonly version: string
  readonly clock: Clock
  readonly log: Log
}

/** Starts to record calls and to send them; nothing is sent before the first call ends. */
export function startOtlpTracer(request: OtlpTracerRequest): Tracer {
  const { settings, sampleRatio, version, clock, log } = request
  const { url, headers, service } = settings
  const exporter = new SteadyExporter(
    new OTLPTraceExporter({
      ...{ url, headers: { ...headers }, timeoutMillis: EXPORT_MS_MAX },
      concurrencyLimit: EXPORTS_AT_ONCE_MAX,
    }),
    clock,
    log,
  )
  const processor = new BatchSpanProcessor({
    ...{ exporter, maxQueueSize: QUEUE_SPANS_MAX, maxExportBatchSize: BATCH_SPANS_MAX },
    scheduledDelayMillis: BATCH_EVERY_MS,
    exportTimeoutMillis: 2 * EXPORT_MS_MAX,
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_CHARACTERS_MAX },
    spanProcessors: [processor],
  })
  return new OtlpTracer(provider, { clock, log, version })
}

interface OtlpTracerDeps {
  readonly clock: Clock
  readonly log: Log
  readonly version: string
}

class OtlpTracer implements Tracer {
  readonly enabled = true
  readonly #provider: TracerProvider
  readonly #tracer: OtelTracer
  readonly #deps: OtlpTracerDeps
  #disposed: Promise<void> | undefined

  constructor(provider: TracerProvider, deps: OtlpTracerDeps) {
    this.#provider = provider
    this.#tracer = provider.getTracer('sallyport', deps.version)
    this.#deps = deps
  }

  startCall(facts: CallFacts): CallSpan {
    return new OtlpCallSpan(this.#tracer, this.#deps.clock, facts)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  async #dispose(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(true), FLUSH_MS_MAX)
    const flushed = this.#provider.shutdown().then(
      () => false,
      () => true,
    )
    const lost = await Promise.race([flushed, late])
    clearTimeout(timer)
    if (lost) this.#deps.log.warn({}, 'traces could not be sent before the stop')
  }
}

/** Times of one call: the wall clock once, then what passed. */
class CallTimes {
  readonly #clock: Clock
  readonly #startMs: number
  readonly #startMonotonicMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = clock.nowMs()
    this.#startMonotonicMs = clock.monotonicMs()
  }

  /** Milliseconds since the start of the call. */
  passedMs(): number {
    return this.#clock.monotonicMs() - this.#startMonotonicMs
  }

  /** As OpenTelemetry takes it: seconds and nanoseconds. */
  at(passedMs: number): [number, number] {
    const ms = this.#startMs + passedMs
    const seconds = Math.trunc(ms / 1_000)
    return [seconds, Math.round((ms - seconds * 1_000) * 1e6)]
  }
}

class OtlpCallSpan implements CallSpan {
  readonly traceparent: string
  readonly tracestate: string | undefined
  readonly #tracer: OtelTracer
  readonly #times: CallTimes
  readonly #span: Span
  readonly #context: Context
  readonly #open = new Set<PartSpan>()
  #ended = false

  constructor(tracer: OtelTracer, clock: Clock, facts: CallFacts) {
    this.#tracer = tracer
    this.#times = new CallTimes(clock)
    const options = {
      kind: SpanKind.SERVER,
      startTime: this.#times.at(0),
      attributes: { 'rpc.system': 'mcp', 'mcp.method.name': facts.method },
    }
    this.#span = tracer.startSpan('call', options, remoteContext(facts.context))
    this.#context = trace.setSpan(ROOT_CONTEXT, this.#span)
    this.traceparent = traceparentOf(this.#span)
    this.tracestate = facts.context?.tracestate
    if (facts.server !== undefined) this.describe(facts.server, facts.tool)
  }

  describe(server: string, tool: string | undefined, members: string | null = null): void {
    this.#span.setAttribute('sallyport.server', server)
    if (members !== null) this.#span.setAttribute('sallyport.member', members)
    if (tool !== undefined) this.#span.setAttribute('gen_ai.tool.name', tool)
  }

  child(name: SpanName): PartSpan {
    const { traceparent } = this
    // What is not recorded has no parts worth a number of their own.
    if (this.#ended || !this.#span.isRecording()) return { traceparent, end: () => undefined }
    const part = name === 'upstream' ? this.#upstream() : this.#wait(name)
    this.#open.add(part)
    return part
  }

  end(outcome: string, code?: string): void {
    if (this.#ended) return
    for (const part of this.#open) part.end()
    this.#ended = true
    this.#span.setAttribute('sallyport.outcome', outcome)
    if (code !== undefined) this.#span.setAttribute('error.type', code)
    if (outcome !== 'ok') this.#span.setStatus({ code: SpanStatusCode.ERROR })
    this.#span.end(this.#times.at(this.#times.passedMs()))
  }

  #upstream(): PartSpan {
    const times = this.#times
    const startTime = times.at(times.passedMs())
    const options = { kind: SpanKind.CLIENT, startTime }
    const span = this.#tracer.startSpan('upstream', options, this.#context)
    const part = {
      traceparent: traceparentOf(span),
      end: () => {
        if (this.#open.delete(part)) span.end(times.at(times.passedMs()))
      },
    }
    return part
  }

  /** Made once it is over: most waits are none. */
  #wait(name: SpanName): PartSpan {
    const times = this.#times
    const fromMs = times.passedMs()
    const part = {
      traceparent: this.traceparent,
      end: () => {
        if (!this.#open.delete(part)) return
        const toMs = times.passedMs()
        if (toMs - fromMs < WAIT_MS_MIN) return
        const options = { startTime: times.at(fromMs) }
        this.#tracer.startSpan(name, options, this.#context).end(times.at(toMs))
      },
    }
    return part
  }
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return formatTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 })
}

function remoteContext(context: TraceContext | undefined): Context {
  const parent = parseTraceparent(context?.traceparent)
  if (parent === undefined) return ROOT_CONTEXT
  const { traceId, spanId, sampled } = parent
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE
  const { tracestate } = context ?? {}
  const state = tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }
  return trace.setSpanContext(ROOT_CONTEXT, {
    ...{ traceId, spanId, traceFlags, isRemote: true },
    ...state,
  })
}
