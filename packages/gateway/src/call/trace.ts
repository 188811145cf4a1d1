import { type Exchange, findMember, parseText } from '@sallyport/kit/mcp'
import {
  type CallSpan,
  NO_SPAN,
  readTraceContext,
  type TraceCarrier,
  type Tracer,
} from '@sallyport/kit/tracing'

/** Begins the trace of a request, beneath the one it names in `_meta` or in a header. */
export function startSpan(tracer: Tracer, exchange: Exchange): CallSpan {
  if (!tracer.enabled) return NO_SPAN
  const { message, headers } = exchange
  const { traceparent, tracestate } = headers
  const context = readTraceContext(metaCarrier(exchange), { traceparent, tracestate })
  return tracer.startCall({ context, method: message.method })
}

function metaCarrier({ message }: Exchange): TraceCarrier | undefined {
  const { bytes, meta } = message
  if (meta.start === -1) return undefined
  const read = (key: string): unknown => {
    const place = findMember(bytes, meta, key)
    return place && parseText(bytes.toString('utf8', place.start, place.end))
  }
  return { traceparent: read('traceparent'), tracestate: read('tracestate') }
}
