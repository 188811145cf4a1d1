import { expect, test } from 'vitest'
import { fitCapabilities, readClient } from './client-abilities.ts'
import type { Exchange } from './exchange.ts'
import { testMessage } from './testing-message.ts'

const big = (bytes: number) => 'x'.repeat(bytes)

test('capabilities are kept as they were written', () => {
  const text = '{ "elicitation" : {}, "x-unknown": [1.0, 12345678901234567890] }'
  expect(fitCapabilities(text)).toBe(text)
})

test.each([[undefined], ['null'], ['[]'], ['"x"']])('capabilities %j are none', (text) => {
  expect(fitCapabilities(text)).toBe('{}')
})

test('of capabilities over 4 KiB what we know stays, as far as it fits', () => {
  const text = JSON.stringify({
    'x-unknown': big(4_000),
    experimental: { x: big(3_000) },
    extensions: { 'io.example/tasks': { y: big(900) } },
    roots: {},
    elicitation: { url: {} },
    sampling: big(500),
  })
  const kept = fitCapabilities(text)
  expect(Object.keys(JSON.parse(kept))).toEqual(['elicitation', 'sampling', 'roots', 'extensions'])
  expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(4_096)
})

test('the border of 4 KiB is counted in bytes', () => {
  const exact = `{"é":"${big(4_096 - 9)}"}`
  expect(Buffer.byteLength(exact)).toBe(4_096)
  expect(fitCapabilities(exact)).toBe(exact)
  expect(fitCapabilities(`${exact} `)).toBe('{}')
})

function modernExchange(meta: object): Exchange {
  const params = { _meta: meta }
  const message = testMessage({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  return { era: 'modern', session: undefined, message } as Exchange // nothing else is read
}

test('a modern client is read from its request [wire/log/level]', () => {
  const told = (logLevel: unknown) =>
    readClient(
      modernExchange({
        'io.modelcontextprotocol/clientCapabilities': { sampling: { tools: {} } },
        'io.modelcontextprotocol/logLevel': logLevel,
      }),
    )
  expect(told('warning')).toEqual({
    capabilities: '{"sampling":{"tools":{}}}',
    logLevel: 'warning',
  })
  expect(told('loud').logLevel).toBe(undefined)
  expect(told(3).logLevel).toBe(undefined)
  expect(readClient(modernExchange({}))).toEqual({ capabilities: '{}', logLevel: undefined })
})
