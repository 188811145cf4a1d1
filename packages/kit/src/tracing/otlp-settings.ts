import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'

/** What a configuration says of tracing; its presence switches it on. */
export interface TracingOptions {
  readonly otlp: {
    /** Where traces go; without a path `/v1/traces` is added. */
    readonly url?: string | undefined
    readonly headers: Readonly<Record<string, Secret>>
  }
  /** Part of the traces begun here that is recorded, 0 to 1. A caller's own decision comes first. */
  readonly sampleRatio: number
  /** Name shown for this gateway. */
  readonly service?: string | undefined
}

/** Where an exporter sends, complete. */
export interface OtlpSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly service: string
}

type Environment = Readonly<Record<string, string | undefined>>

const URL_DEFAULT = 'http://localhost:4318'
const TRACES_PATH = '/v1/traces'

/**
 * Completes the configuration from the environment that all of OpenTelemetry uses:
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and _HEADERS, then OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS, and
 * OTEL_SERVICE_NAME. Configured headers go before those of the environment, one by one.
 *
 * Source: OpenTelemetry Specification, "OTLP Exporter Configuration".
 *
 * @throws {AppError} `config_invalid`
 */
export function otlpSettings(options: TracingOptions, environment: Environment): OtlpSettings {
  const headers = readHeaders(environment)
  for (const [name, value] of Object.entries(options.otlp.headers)) {
    headers[name.toLowerCase()] = value.reveal()
  }
  const service = options.service ?? (environment['OTEL_SERVICE_NAME'] || 'sallyport')
  return { url: readUrl(options.otlp.url, environment), headers, service }
}

function readUrl(configured: string | undefined, environment: Environment): string {
  if (configured !== undefined) {
    const url = new URL(configured)
    if (url.pathname === '/') url.pathname = TRACES_PATH
    return url.href
  }
  const whole = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
  if (whole) return parseEndpoint(whole, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT').href
  const text = environment['OTEL_EXPORTER_OTLP_ENDPOINT'] || URL_DEFAULT
  const url = parseEndpoint(text, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  url.pathname = `${url.pathname.replace(/\/$/, '')}${TRACES_PATH}`
  return url.href
}

function parseEndpoint(text: string, name: string): URL {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === '') {
    return url
  }
  const sentence = `${name} is no http or https URL without user and password`
  throw new AppError('config_invalid', `${sentence}; correct it, or set \`tracing.otlp.url\``)
}

function readHeaders(environment: Environment): Record<string, string> {
  const text =
    environment['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] || environment['OTEL_EXPORTER_OTLP_HEADERS']
  const headers: Record<string, string> = {}
  for (const pair of (text ?? '').split(',')) {
    const [, name, value = ''] = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? []
    if (name !== undefined) headers[name.toLowerCase()] = decoded(value)
  }
  return headers
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    // A lone percent sign: taken as it stands.
    return value
  }
}
