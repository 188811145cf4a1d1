import { scanMessage } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { encodeRequest } from './encode-request.ts'

const ENVELOPE = { clientInfo: { name: 'sallyport', version: '1' } }
const OURS =
  '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"sallyport","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}'
const LEGACY = { id: 7, era: 'legacy', version: '2025-11-25' } as const
const MODERN = { id: 7, era: 'modern', version: '2026-07-28' } as const

function encode(text: string, wire: typeof LEGACY | typeof MODERN, name?: string): string {
  const message = scanMessage(Buffer.from(text), { depth: 64 })
  if ('fault' in message) throw new TypeError(message.reason)
  return encodeRequest(message, name, ENVELOPE, wire).toString()
}

test('replaces id and name and leaves every other byte alone [wire/bytes/request]', () => {
  const text =
    '{ "method":"tools/call", "params":{"arguments":{"n":1.0e+30,"ü":"\\u00fc"},"name":"s__echo","x":null},"id":"abc","jsonrpc":"2.0"}'
  expect(encode(text, LEGACY, 'echo')).toBe(
    text.replace('"s__echo"', '"echo"').replace('"abc"', '7'),
  )
})

test.each([
  [
    'no params',
    '{"jsonrpc":"2.0","id":1,"method":"m"}',
    `{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{${OURS}}}}`,
  ],
  [
    'empty params',
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{}}',
    `{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{${OURS}}}}`,
  ],
  [
    'params without _meta',
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}',
    `{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{${OURS}},"a":1}}`,
  ],
  [
    'empty _meta',
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{}}}',
    `{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{${OURS}}}}`,
  ],
])('gives a modern server our envelope: %s', (_case, text, expected) => {
  expect(encode(text, MODERN)).toBe(expected)
})

test("a modern client's envelope never reaches the server, its other metadata does [wire/bytes/request]", () => {
  const meta =
    '"io.modelcontextprotocol/clientCapabilities":{"roots":{}},"traceparent":"00-1","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/logLevel":"debug"'
  const text = `{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{${meta}}}}`
  expect(encode(text, MODERN)).toBe(
    `{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{"traceparent":"00-1",${OURS}}}}`,
  )
  expect(encode(text, LEGACY)).toBe(
    '{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{"traceparent":"00-1"}}}',
  )
})

test('two clients with the same progress token do not share one upstream', () => {
  const text =
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":"p","k":[1 , 2]}}}'
  expect(encode(text, LEGACY)).toBe(
    '{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{"progressToken":7,"k":[1 , 2]}}}',
  )
})
