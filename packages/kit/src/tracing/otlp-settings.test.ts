import { expect, test } from 'vitest'
import { Secret } from '../secret.ts'
import { otlpSettings } from './otlp-settings.ts'

function settings(
  otlp: { url?: string; headers?: Record<string, Secret> },
  environment: Record<string, string> = {},
): ReturnType<typeof otlpSettings> {
  return otlpSettings({ otlp: { headers: {}, ...otlp }, sampleRatio: 1 }, environment)
}

const BASE = 'OTEL_EXPORTER_OTLP_ENDPOINT'
const WHOLE = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'

test.each([
  [undefined, {}, 'http://localhost:4318/v1/traces'],
  [undefined, { [BASE]: 'https://o.example' }, 'https://o.example/v1/traces'],
  [undefined, { [BASE]: 'https://o.example/base/' }, 'https://o.example/base/v1/traces'],
  [undefined, { [BASE]: 'https://o.example', [WHOLE]: 'http://t:1/x' }, 'http://t:1/x'],
  ['http://c:4318', { [WHOLE]: 'http://t:1/x' }, 'http://c:4318/v1/traces'],
  ['http://c/own/path', {}, 'http://c/own/path'],
])('url %s with %j sends to %s [observe/tracing/environment]', (url, environment, expected) => {
  expect(settings(url === undefined ? {} : { url }, environment).url).toBe(expected)
})

test.each(['o.example:4318', 'grpc://o', 'http://u:s3cret@o', '::'])(
  'an address in the environment that is none is refused by name, without its text: %s',
  (text) => {
    const attempt = (): unknown => settings({}, { [BASE]: text })
    expect(attempt).toThrow(/^OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL/)
    expect(attempt).not.toThrow(/s3cret/)
  },
)

test('headers of the file go before those of the environment', () => {
  const environment = {
    OTEL_EXPORTER_OTLP_HEADERS: 'X-Key=a%20b, other = c ,broken,=x,pct=50%',
    OTEL_SERVICE_NAME: 'gw',
  }
  const headers = { 'x-key': new Secret('own') }
  expect(settings({ headers }, environment)).toMatchObject({
    headers: { 'x-key': 'own', other: 'c', pct: '50%' },
    service: 'gw',
  })
  expect(settings({}, environment).headers).toMatchObject({ 'x-key': 'a b' })
  expect(settings({}, {})).toMatchObject({ headers: {}, service: 'sallyport' })
})
