import { scanMessage } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { encodeRequest, type ParamEdit, RETRY_PARAMS, withoutParams } from './encode-request.ts'

const ENVELOPE =
  '"io.modelcontextprotocol/clientInfo":{"name":"sallyport","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}'
const OURS =
  '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"sallyport","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}'
const LEGACY = { id: 7, era: 'legacy', version: '2025-11-25' } as const
const MODERN = { id: 7, era: 'modern', version: '2026-07-28' } as const

function encode(text: string, wire: typeof LEGACY | typeof MODERN, name?: string): string {
  const message = scanMessage(Buffer.from(text), { depth: 64 })
  if ('fault' in message) throw new TypeError(message.reason)
  const params: ParamEdit[] =
    name === undefined ? [] : [{ path: ['name'], text: JSON.stringify(name) }]
  return encodeRequest(message, { params, envelope: ENVELOPE }, wire).toString()
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

function edit(
  text: string,
  params: readonly ParamEdit[],
  wire: typeof LEGACY | typeof MODERN,
): string {
  const message = scanMessage(Buffer.from(text), { depth: 64 })
  if ('fault' in message) throw new TypeError(message.reason)
  return encodeRequest(message, { params, envelope: ENVELOPE }, wire).toString()
}

const RETRY: ParamEdit[] = [
  { path: ['inputResponses'], text: '{"q":{}}' },
  { path: ['requestState'], text: '"s"' },
]

test.each([
  ['no params', undefined, '"inputResponses":{"q":{}},"requestState":"s"'],
  ['empty params', '{}', '"inputResponses":{"q":{}},"requestState":"s"'],
  ['params', '{"a":1.0}', '"inputResponses":{"q":{}},"requestState":"s","a":1.0'],
  [
    '_meta',
    '{"_meta":{"k":1.0},"a":2}',
    '"_meta":{"k":1.0},"inputResponses":{"q":{}},"requestState":"s","a":2',
  ],
  [
    'one of them',
    '{"requestState":"old","a":1}',
    '"inputResponses":{"q":{}},"requestState":"s","a":1',
  ],
])('members are added beside %s, or replaced [wire/bytes/request]', (_case, params, expected) => {
  const given = params === undefined ? '' : `,"params":${params}`
  expect(edit(`{"jsonrpc":"2.0","id":1,"method":"m"${given}}`, RETRY, LEGACY)).toBe(
    `{"jsonrpc":"2.0","id":7,"method":"m","params":{${expected}}}`,
  )
})

test('members and our envelope go in together', () => {
  const text = '{"jsonrpc":"2.0","id":1,"method":"m","params":{"ref":{"name":"s__p","x":1.0}}}'
  const params: ParamEdit[] = [{ path: ['ref', 'name'], text: '"p"' }, ...RETRY]
  expect(edit(text, params, MODERN)).toBe(
    `{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{${OURS}},"inputResponses":{"q":{}},"requestState":"s","ref":{"name":"p","x":1.0}}}`,
  )
})

test('a retry without what only retries have is the first request again', () => {
  const text =
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"requestState":"s","a":[1 , 2.0],"inputResponses":{},"name":"n"}}'
  const message = scanMessage(Buffer.from(text), { depth: 64 })
  if ('fault' in message) throw new TypeError(message.reason)
  const first = withoutParams(message, RETRY_PARAMS)
  expect(first.bytes.toString()).toBe(
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1 , 2.0],"name":"n"}}',
  )
  expect(first.name).toBe('n')
})
