import type { Clock } from '../clock.ts'
import type { Log } from '../log/index.ts'
import { otlpSettings, type TracingOptions } from './otlp-settings.ts'
import { NO_TRACER, type Tracer } from './tracer.ts'

export interface OpenTracerRequest {
  /** Undefined: tracing is off. */
  readonly options: TracingOptions | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Version of this product. */
  readonly version: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * Opens the tracer; what it takes is loaded only when tracing is on. Disposing of it sends what is left, in
 * at most two seconds.
 *
 * @throws {AppError} `config_invalid` when the environment names no usable address
 */
export async function openTracer(request: OpenTracerRequest): Promise<Tracer> {
  const { options, environment } = request
  if (options === undefined) return NO_TRACER
  const settings = otlpSettings(options, environment)
  const { startOtlpTracer } = await import('./otlp-tracer.ts')
  return startOtlpTracer({ ...request, settings, sampleRatio: options.sampleRatio })
}
