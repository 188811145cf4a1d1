export { openTracer, type OpenTracerRequest } from './open-tracer.ts'
export { otlpSettings, type OtlpSettings, type TracingOptions } from './otlp-settings.ts'
export {
  formatTraceparent,
  isTracestate,
  parseTraceparent,
  readTraceContext,
  type TraceCarrier,
  type TraceContext,
  type Traceparent,
} from './trace-context.ts'
export {
  type CallFacts,
  type CallSpan,
  NO_SPAN,
  NO_TRACER,
  type PartSpan,
  type SpanName,
  type Tracer,
} from './tracer.ts'
