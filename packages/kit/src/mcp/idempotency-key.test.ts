import { expect, test } from 'vitest'
import { readIdempotencyKey } from './idempotency-key.ts'
import { testMessage } from './testing-message.ts'

function keyIn(header: string | string[] | undefined, meta?: string): unknown {
  const params = meta === undefined ? '{}' : `{"_meta":${meta},"arguments":{}}`
  const message = testMessage(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`)
  return readIdempotencyKey({
    message,
    headers: header === undefined ? {} : { 'idempotency-key': header },
  })
}

const META = 'dev.sallyport/idempotencyKey'
const FAULT = { fault: expect.stringContaining('1 to 255 printable') }

test('a request without a key has none', () => {
  expect(keyIn(undefined)).toBe(undefined)
  expect(keyIn(undefined, '{"progressToken":"idempotencyKey"}')).toBe(undefined)
  expect(keyIn(undefined, '{"a":"\\n"}')).toBe(undefined)
})

test.each([
  ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['"with space, comma; and \\"quotes\\" \\\\"', 'with space, comma; and "quotes" \\'],
  [' bare=token/1 ', 'bare=token/1'],
  ['x'.repeat(255), 'x'.repeat(255)],
])('the header %s is the key %s [once/key]', (header, key) => {
  expect(keyIn(header)).toBe(key)
})

test.each([
  [''],
  ['""'],
  ['x'.repeat(256)],
  ['"open'],
  ['two, keys'],
  ['"a", "b"'],
  ['bad\\escape'],
  ['"bad\\escape"'],
  ['param;a=1'],
  ['ü'],
  ['tab\tin'],
])('the header %j is refused [once/key/invalid]', (header) => {
  expect(keyIn(header)).toEqual(FAULT)
})

test('the key may stand in `_meta`, however its name is written [once/key]', () => {
  expect(keyIn(undefined, `{"${META}":"a b"}`)).toBe('a b')
  expect(keyIn(undefined, '{"dev.sallyport\\/idempotencyKey":"k"}')).toBe('k')
  expect(keyIn(undefined, '{"dev.sallyport/idempotencyKe\\u0079":"k"}')).toBe('k')
})

test.each([['7'], ['null'], ['{}'], ['""'], ['"\\n"'], [`"${'x'.repeat(256)}"`]])(
  'the value %s in `_meta` is refused [once/key/invalid]',
  (value) => {
    expect(keyIn(undefined, `{"${META}":${value}}`)).toEqual(FAULT)
  },
)

test('two keys that are the same are one, and others are refused [once/key/invalid]', () => {
  expect(keyIn('"k 1"', `{"${META}":"k 1"}`)).toBe('k 1')
  expect(keyIn('k1', `{"${META}":"k2"}`)).toEqual({ fault: expect.stringContaining('differ') })
  expect(keyIn(['a', 'b'])).toEqual(FAULT)
})
