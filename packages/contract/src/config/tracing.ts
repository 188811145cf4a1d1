import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { parsedText } from './text.ts'

const otlpUrl = parsedText({
  parse: parseOtlpUrl,
  expected: 'an http or https URL without user, password and fragment',
  remedy: 'write it like `http://collector:4318`; credentials belong in `headers`',
})

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'this is not a name for a header')
const headerValue = z
  .string()
  .max(32_768)
  .regex(/^[^\0\r\n]*$/, 'a header holds no line break')
  .transform((text) => new Secret(text))

/** Traces of calls. Off without this key; `{}` takes everything from the environment. */
export const tracing = z
  .strictObject({
    otlp: z
      .strictObject({
        url: otlpUrl.optional().meta({
          description:
            'Address of a receiver of OTLP over HTTP; without a path `/v1/traces` is added. By default OTEL_EXPORTER_OTLP_ENDPOINT, else http://localhost:4318.',
        }),
        headers: z.record(headerName, headerValue).prefault({}).meta({
          description: 'Headers sent to it, beside OTEL_EXPORTER_OTLP_HEADERS.',
          'x-kind': 'secret',
        }),
      })
      .prefault({})
      .meta({ description: 'Where traces go.' }),
    sampleRatio: z.number().min(0).max(1).default(1).meta({
      description:
        'Part of the traces begun here that is recorded, 0 to 1; where the caller began it, its own decision holds.',
    }),
    service: z.string().min(1).max(100).optional().meta({
      description: 'Name of this gateway in traces; OTEL_SERVICE_NAME or `sallyport` by default.',
    }),
  })
  .optional()
  .meta({
    description:
      'Records calls as traces with OpenTelemetry: the call, its waits and the server’s part. Never arguments or results. Off without this key.',
  })

export type TracingConfig = NonNullable<z.output<typeof tracing>>

function parseOtlpUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  return `${url.username}${url.password}${url.hash}` === '' ? url.href : undefined
}
