import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idAtEdges, LineReader } from './line-reader.ts'

function read(
  chunks: readonly Buffer[],
  lineBytesMax = 1_000,
): { lines: string[]; over: string[] } {
  const lines: string[] = []
  const over: string[] = []
  const reader = new LineReader({
    lineBytesMax,
    onLine: (line) => lines.push(line.toString()),
    onOversize: (head, tail) => over.push(`${head.length} ${tail.length}`),
  })
  for (const chunk of chunks) reader.push(chunk)
  return { lines, over }
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  chunks.push(bytes.subarray(at))
  return chunks
}

test('a line over the cap is told of and skipped, at the cap it is not', () => {
  const stream = Buffer.from(`${'a'.repeat(10)}\n${'b'.repeat(11)}\nc\n`)
  const whole = { lines: ['a'.repeat(10), 'c'], over: ['11 11'] }
  expect(read([stream], 10)).toEqual(whole)
  for (let size = 1; size < stream.length; size += 1) {
    expect(
      read(
        cut(
          stream,
          Array.from({ length: 30 }, () => size),
        ),
        10,
      ),
    ).toEqual(whole)
  }
})

test('an unfinished line is not told of', () => {
  expect(read([Buffer.from('{"a":1}')])).toEqual({ lines: [], over: [] })
})

test('how a stream is cut into chunks changes nothing', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 20 })
  fc.assert(
    fc.property(texts, fc.array(fc.nat(50)), (parts, sizes) => {
      const clean = parts.map((part) => part.replaceAll('\n', ' '))
      const stream = Buffer.from(clean.map((part) => `${part}\n`).join(''))
      expect(read(cut(stream, sizes)).lines).toEqual(clean.filter((part) => part !== ''))
    }),
  )
})

test('a line inside one chunk is a view, not a copy', () => {
  const chunk = Buffer.from('one\ntwo\n')
  const lines: Buffer[] = []
  const reader = new LineReader({
    lineBytesMax: 10,
    onLine: (line) => lines.push(line),
    onOversize: () => undefined,
  })
  reader.push(chunk)
  expect(lines.map((line) => line.buffer === chunk.buffer)).toEqual([true, true])
})

test.each([
  ['{"jsonrpc":"2.0","id":7,"result":{"x":"', '"}}', 7],
  ['{"id": 7 ,"result":{', '}}', 7],
  ['{"result":{"content":[', ']},"jsonrpc":"2.0","id":12}', 12],
  ['{"result":{', '}, "id" : 12 , "jsonrpc":"2.0" } \r', 12],
  ['{"result":{"id":3,', ',"id":4}}', undefined],
  ['{"result":{', ',"x\\"id":4}', undefined],
  ['{"result":{', ',"id":"4"}', undefined],
  ['{"method":"x","params":{"id":3', '"}}', undefined],
])('the id in the edges %s … %s is %s', (head, tail, id) => {
  expect(idAtEdges(Buffer.from(head), Buffer.from(tail))).toBe(id)
})
