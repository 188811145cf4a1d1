import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scanMessage } from './scan.ts'
import {
  type Edit,
  errorMessage,
  idOf,
  insertEdit,
  notificationMessage,
  onOneLine,
  resultMessage,
  slice,
  splice,
  splicePieces,
} from './splice.ts'
import { testMessage } from './testing-message.ts'

test('edits count bytes, not characters', () => {
  const bytes = Buffer.from('"ü" and "é"')
  const edits = [
    { start: 0, end: 4, text: '€' },
    { start: 4, end: 4, text: Buffer.from('!') },
    { start: 9, end: 13, text: '' },
  ]
  expect(splice(bytes, edits).toString()).toBe('€! and ')
})

test('without edits there is an equal copy', () => {
  const bytes = Buffer.from('abc')
  const copy = splice(bytes, [])
  copy[0] = 0x78
  expect([copy.toString(), bytes.toString()]).toEqual(['xbc', 'abc'])
})

test('edits come into their order one by one', () => {
  const starts = fc.uniqueArray(fc.nat(100))
  fc.assert(
    fc.property(starts, (all) => {
      const edits: Edit[] = []
      for (const start of all) insertEdit(edits, { start, end: start, text: '' })
      expect(edits.map(({ start }) => start)).toEqual(all.toSorted((a, b) => a - b))
    }),
  )
})

test('pieces share the bytes they are made of', () => {
  const bytes = Buffer.from('abcdef')
  const pieces = splicePieces(bytes, [{ start: 2, end: 3, text: 'X' }])
  expect(pieces.map(String)).toEqual(['ab', 'X', 'def'])
  expect(pieces.map(({ buffer }) => buffer === bytes.buffer)).toEqual([
    true,
    expect.any(Boolean),
    true,
  ])
  expect(splicePieces(bytes, [])).toEqual([bytes])
})

test('edits in order give what slicing and joining gives', () => {
  const piece = fc.record({
    kept: fc.string({ unit: 'binary' }),
    cut: fc.string(),
    text: fc.string(),
  })
  fc.assert(
    fc.property(fc.array(piece), fc.string(), (pieces, rest) => {
      let at = 0
      const edits = pieces.map(({ kept, cut, text }) => {
        const start = at + Buffer.byteLength(kept)
        at = start + Buffer.byteLength(cut)
        return { start, end: at, text }
      })
      const before = pieces.map(({ kept, cut }) => kept + cut).join('') + rest
      const after = pieces.map(({ kept, text }) => kept + text).join('') + rest
      expect(splice(Buffer.from(before), edits)).toEqual(Buffer.from(after))
      expect(Buffer.concat(splicePieces(Buffer.from(before), edits))).toEqual(Buffer.from(after))
    }),
  )
})

test('an id is the literal the client wrote, null without one', () => {
  const id = (text: string) => idOf(testMessage(`{"jsonrpc":"2.0",${text}"method":"m"}`)).toString()
  expect(id('"id":"\\u0061",')).toBe('"\\u0061"')
  expect(id('"id":1.0e2,')).toBe('1.0e2')
  expect(id('')).toBe('null')
})

test('our own messages are messages', () => {
  const messages = [
    resultMessage(Buffer.from('1'), '{"a":1}'),
    resultMessage(Buffer.from('"x"'), Buffer.from('{}')),
    errorMessage(Buffer.from('1'), -32_600, 'a "quoted" text'),
    errorMessage(Buffer.from('null'), -31_000, 'm', { code: 'internal' }),
    notificationMessage('notifications/x'),
    notificationMessage('notifications/x', { a: 1 }),
  ]
  const kinds = messages.map((bytes) => {
    const message = scanMessage(bytes, { depth: 64 })
    return 'fault' in message ? message.reason : message.kind
  })
  expect(kinds).toEqual(['response', 'response', 'error', 'error', 'notification', 'notification'])
  expect(JSON.parse(String(messages[2]))).toEqual({
    jsonrpc: '2.0',
    id: 1,
    error: { code: -32_600, message: 'a "quoted" text' },
  })
  expect(JSON.parse(String(messages[3])).error.data).toEqual({ code: 'internal' })
})

test('what goes on one line is the same JSON, and no second message', () => {
  const text = '{\r\n  "a": "ü\\n",\n\t"b": 1\r}'
  const line = onOneLine(Buffer.from(text))
  expect(line.toString()).not.toMatch(/[\r\n]/)
  expect(JSON.parse(line.toString())).toEqual(JSON.parse(text))
  const one = Buffer.from('{"a":1}')
  expect(onOneLine(one)).toBe(one)
})

test('a range is a view, not a copy', () => {
  const bytes = Buffer.from('abcdef')
  expect(slice(bytes, { start: 2, end: 4 }).buffer).toBe(bytes.buffer)
})
