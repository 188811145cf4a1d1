import fc from 'fast-check'
import { expect, test } from 'vitest'
import { listElements, listMembers, scanBatch, scanMessage, scanReply } from './scan.ts'
import { slice } from './splice.ts'
import type { Message } from './message.ts'

const LIMITS = { depth: 64 }

function scanText(text: string): ReturnType<typeof scanMessage> {
  return scanMessage(Buffer.from(text), LIMITS)
}

function faultOf(text: string): string | undefined {
  const scanned = scanText(text)
  return 'fault' in scanned ? scanned.fault : undefined
}

function messageOf(text: string): Message {
  const scanned = scanText(text)
  if ('fault' in scanned) throw new TypeError(`${scanned.fault}: ${scanned.reason}`)
  return scanned
}

test.each([
  ['an empty body', ''],
  ['white space', ' \n '],
  ['a cut object', '{"jsonrpc":"2.0"'],
  ['a trailing comma', '{"jsonrpc":"2.0","id":1,"method":"ping",}'],
  ['two values', '{"jsonrpc":"2.0","id":1,"method":"ping"} {}'],
  ['a raw line break in a string', '{"jsonrpc":"2.0","id":1,"method":"pi\nng"}'],
  ['a bad escape', '{"jsonrpc":"2.0","id":1,"method":"\\x"}'],
  ['a leading zero', '{"jsonrpc":"2.0","id":01,"method":"ping"}'],
  ['a bare word', '{"jsonrpc":"2.0","id":1,"method":ping}'],
  ['NaN', '{"jsonrpc":"2.0","id":NaN,"method":"ping"}'],
  ['a comment', '{"jsonrpc":"2.0",/**/"id":1,"method":"ping"}'],
])('%s is no JSON [wire/json/broken]', (_case, text) => {
  expect(faultOf(text)).toBe('parse')
})

test('bytes that are no UTF-8 are no JSON [wire/json/utf-8]', () => {
  const bytes = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"p\xffng"}', 'latin1')
  expect(scanMessage(bytes, LIMITS)).toMatchObject({ fault: 'parse' })
})

test.each([
  ['a number', '7'],
  ['null', 'null'],
  ['no version', '{"id":1,"method":"ping"}'],
  ['params by position', '{"jsonrpc":"2.0","id":1,"method":"a/b","params":[1]}'],
  ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
  ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
  ['an object id', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
  ['a numeric method', '{"jsonrpc":"2.0","id":1,"method":7}'],
  ['scalar params', '{"jsonrpc":"2.0","id":1,"method":"ping","params":7}'],
  ['a request with a result', '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}'],
  ['a result and an error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}'],
  ['nothing', '{"jsonrpc":"2.0","id":1}'],
])('%s has the wrong shape [wire/json/shape]', (_case, text) => {
  expect(faultOf(text)).toBe('shape')
})

test.each([
  ['at the top', '{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}'],
  ['in params', '{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","name":"y"}}'],
  [
    'deep in arguments',
    '{"jsonrpc":"2.0","id":1,"method":"a","params":{"arguments":{"p":[{"q":1,"q":2}]}}}',
  ],
  [
    'written with an escape',
    '{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","n\\u0061me":"y"}}',
  ],
  ['escaped first', '{"jsonrpc":"2.0","id":1,"method":"a","params":{"n\\u0061me":"x","name":"y"}}'],
  [
    'among many',
    `{"jsonrpc":"2.0","id":1,"method":"a","params":{${[...Array(40).keys()].map((n) => `"k${n}":0`).join()},"k3":1}}`,
  ],
])('a name that stands twice %s is refused [wire/json/duplicate-name]', (_case, text) => {
  expect(faultOf(text)).toBe('duplicate')
})

test('the same name in sibling objects is no duplicate', () => {
  expect(
    faultOf('{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":{"x":1},"b":{"x":1},"x":1}}'),
  ).toBe(undefined)
})

test('nesting is allowed up to the limit and refused one deeper [limits/depth]', () => {
  const nested = (levels: number) =>
    `{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":${'['.repeat(levels)}${']'.repeat(levels)}}}`
  expect(faultOf(nested(62))).toBe(undefined)
  expect(faultOf(nested(63))).toBe('depth')
  expect(faultOf(nested(200_000))).toBe('depth')
})

test('an escaped method name is read as what it means', () => {
  const message = messageOf('{"jsonrpc":"2.0","id":1,"m\\u0065thod":"tools\\/call"}')
  expect(message).toMatchObject({ kind: 'request', method: 'tools/call' })
})

test('finds the ranges of a call byte for byte', () => {
  const text =
    ' {"id" : 1e3 ,"jsonrpc":"2.0","method":"tools/call","params":{"_meta":{"a":1},"name":"s__\\u0065cho","arguments":{"n":12345678901234567890,"s":"ü\\n"}}}'
  const message = messageOf(text)
  expect({
    kind: message.kind,
    id: slice(message.bytes, message.id).toString(),
    name: message.name,
    nameRange: slice(message.bytes, message.nameRange).toString(),
    meta: slice(message.bytes, message.meta).toString(),
    arguments: slice(message.bytes, message.arguments).toString(),
  }).toEqual({
    kind: 'request',
    id: '1e3',
    name: 's__echo',
    nameRange: '"s__\\u0065cho"',
    meta: '{"a":1}',
    arguments: '{"n":12345678901234567890,"s":"ü\\n"}',
  })
})

test('a server may repeat names deep in its result, but not the parts that are judged', () => {
  const deep = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"a":1,"a":2}],"isError":true}}'
  expect(scanReply(Buffer.from(deep))).toMatchObject({ kind: 'response', isError: true })
  const top = '{"jsonrpc":"2.0","id":1,"result":{"isError":true,"isError":false}}'
  expect(scanReply(Buffer.from(top))).toBe(undefined)
})

test('agrees with JSON.parse on what is JSON, whatever the bytes', () => {
  const pieces = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\\u00',
      '\\n',
      '1',
      '-',
      '0',
      '.',
      'e',
      'true',
      'null',
    ],
    ...[' ', '\n', 'a', 'é', '"a":', '"b":1', '{"c":', '\u0001'],
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = `{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":${parts.join('')}}}`
      let parsed = true
      try {
        JSON.parse(text)
      } catch {
        parsed = false // what JSON.parse refuses, we must refuse
      }
      const fault = faultOf(text)
      if (parsed)
        expect(fault === undefined || fault === 'duplicate' || fault === 'shape').toBe(true)
      // A name that stands twice ends the scan before what is broken behind it.
      else expect(fault === 'parse' || fault === 'duplicate').toBe(true)
    }),
    { numRuns: 20_000 },
  )
})

test('carries any JSON value unchanged in arguments and results', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const inner = JSON.stringify(value)
      const request = messageOf(
        `{"jsonrpc":"2.0","id":"a","method":"m","params":{"arguments":${inner}}}`,
      )
      expect(slice(request.bytes, request.arguments).toString()).toBe(inner)
      const reply = scanReply(Buffer.from(`{"jsonrpc":"2.0","result":${inner},"id":1}`))
      expect(reply && slice(reply.bytes, reply.result).toString()).toBe(inner)
    }),
    { numRuns: 2_000 },
  )
})

test('splits a batch and refuses what is none [wire/batch]', () => {
  expect(scanBatch(Buffer.from(' [ {"a":1} , 2,[]]'), LIMITS)).toEqual(
    ['{"a":1}', '2', '[]'].map((text) => Buffer.from(text)),
  )
  expect(scanBatch(Buffer.from('[1,]'), LIMITS)).toMatchObject({ fault: 'parse' })
})

test('lists members and elements in order', () => {
  const message = messageOf(
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"a":1,"\\u0062":[2]}}}',
  )
  const meta = slice(message.bytes, message.meta)
  const members = listMembers(message.bytes, message.meta)
  expect(
    members.map(({ key, valueStart, end }) => [key, meta.toString('utf8', valueStart, end)]),
  ).toEqual([
    ['a', '1'],
    ['b', '[2]'],
  ])
  expect(listElements(Buffer.from('[1, "x"]'), 0, 8).map(String)).toEqual(['1', '"x"'])
})
