import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  formatTraceparent,
  isTracestate,
  parseTraceparent,
  readTraceContext,
} from './trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const VALID = `00-${TRACE}-${SPAN}-01`

test.each([
  ['no text', 7],
  ['nothing', ''],
  ['version ff', `ff-${TRACE}-${SPAN}-01`],
  ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['no flags', `00-${TRACE}-${SPAN}`],
  ['more than version 00 has', `${VALID}-x`],
  ['a trailing space', `${VALID} `],
  ['a line break', `${VALID}\n`],
  ['a later version without its dash', `01-${TRACE}-${SPAN}-01x`],
  ['a later version without end', `01-${TRACE}-${SPAN}-01-${'x'.repeat(500)}`],
])('a traceparent with %s is none [observe/tracing/context]', (_case, text) => {
  expect(parseTraceparent(text)).toBeUndefined()
})

test.each([
  [VALID, true],
  [`00-${TRACE}-${SPAN}-00`, false],
  [`00-${TRACE}-${SPAN}-03`, true],
  [`00-${TRACE}-${SPAN}-02`, false],
  [`01-${TRACE}-${SPAN}-01-what-comes-later`, true],
])('%s is read, sampled: %s', (text, sampled) => {
  expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled })
})

test('what is formatted is read back', () => {
  const hex = (length: number): fc.Arbitrary<string> =>
    fc
      .string({
        unit: fc.constantFrom(...'0123456789abcdef'),
        minLength: length,
        maxLength: length,
      })
      .filter((text) => !/^0+$/.test(text))
  const parts = fc.record({ traceId: hex(32), spanId: hex(16), sampled: fc.boolean() })
  fc.assert(
    fc.property(parts, (one) => {
      expect(parseTraceparent(formatTraceparent(one))).toEqual(one)
    }),
  )
})

test.each([
  ['vendor=value', true],
  ['a=1,b=2', true],
  ['a=1 , \tb=2', true],
  ['tenant@vendor=x/y;z', true],
  ['a=1,,b=2', true],
  ['', false],
  [' ', false],
  ['A=1', false],
  ['a', false],
  ['a=', false],
  ['a=b=c', false],
  ['a=ends with a space ', true],
  ['a=\u00e9', false],
  ['a=1\r\nx: y', false],
  [`a=${'x'.repeat(257)}`, false],
  [Array.from({ length: 33 }, (_, at) => `k${at}=1`).join(','), false],
  ['k=1,'.repeat(200), false],
  [undefined, false],
])('tracestate %j may pass: %s [observe/tracing/context]', (text, expected) => {
  expect(isTracestate(text)).toBe(expected)
})

test('a valid value of `_meta` goes before the header, and an invalid one does not', () => {
  const other = `00-${'a'.repeat(32)}-${SPAN}-01`
  const headers = { traceparent: other, tracestate: 'h=1' }
  expect(readTraceContext({ traceparent: VALID }, headers)).toEqual({
    traceparent: VALID,
    tracestate: undefined,
  })
  expect(readTraceContext({ traceparent: 'x', tracestate: 'm=1' }, headers)).toEqual(headers)
  expect(readTraceContext(undefined, headers)).toEqual(headers)
  expect(readTraceContext({ traceparent: VALID, tracestate: 'A=1' }, {})).toEqual({
    traceparent: VALID,
    tracestate: undefined,
  })
  expect(readTraceContext({}, { tracestate: 'a=1' })).toBeUndefined()
})
