import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SseReader } from './sse-reader.ts'

interface Read {
  readonly data: string[]
  readonly over: number
  readonly lastId: string
  readonly retryMs: number | undefined
}

function read(chunks: readonly Buffer[], eventBytesMax = 1_000): Read {
  const data: string[] = []
  let over = 0
  const reader = new SseReader({
    eventBytesMax,
    onData: (bytes) => data.push(bytes.toString()),
    onOversize: () => (over += 1),
  })
  for (const chunk of chunks) reader.push(chunk)
  return { data, over, lastId: reader.lastId, retryMs: reader.retryMs }
}

function pieces(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text)
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

const STREAM = [
  '\uFEFFdata: first\n\n',
  ': comment\n\n',
  'event: message\ndata:second\n\n',
  'event: endpoint\ndata: /not-a-message\n\n',
  'id: 7\nretry: 250\ndata: two\ndata: lines\n\n',
  'data:  one space is kept\nunknown: x\n\n',
  'data\n\n',
  'id: nul\u0000\nretry: soon\ndata: last é✓\n\n',
  'data: never ended\n',
].join('')

test.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('events with %s line ends are read alike, however they are cut', (_case, end) => {
  const text = STREAM.replaceAll('\n', end)
  for (let size = 1; size < 40; size += 1) {
    expect(read(pieces(text, size))).toEqual({
      data: ['first', 'second', 'two\nlines', ' one space is kept', 'last é✓'],
      over: 0,
      lastId: '7',
      retryMs: 250,
    })
  }
})

test('a line over the cap stops the reading, whether or not it ever ends', () => {
  const line = `data: ${'x'.repeat(20)}`
  expect(read([Buffer.from(line)], 25).over).toBe(1)
  expect(read([Buffer.from(`${line}\n\ndata: y\n\n`)], 19)).toMatchObject({ over: 1, data: [] })
  expect(read([Buffer.from(`${line}\n\ndata: y\n\n`)], 26)).toMatchObject({
    over: 0,
    data: ['x'.repeat(20), 'y'],
  })
})

test('many short lines of one event are capped together', () => {
  const event = 'data: 1234\n'.repeat(5)
  expect(read([Buffer.from(`${event}\n`)], 24)).toMatchObject({
    over: 0,
    data: [expect.anything()],
  })
  expect(read([Buffer.from(`${event}\n`)], 23)).toMatchObject({ over: 1, data: [] })
})

test.each([
  ['one line', `data: {"id":7,"result":"${'x'.repeat(600)}"}\n\n`],
  ['many lines', `data: {"id":7,\n${'data: xxxxxxxxx\n'.repeat(60)}\n`],
])(
  'an event over the cap, in %s, is skipped with its edges kept, and reading goes on',
  (_case, large) => {
    for (const size of [1, 7, 100, 5_000]) {
      const edges: [string, string][] = []
      const data: string[] = []
      const reader = new SseReader({
        eventBytesMax: 300,
        goesOn: true,
        onData: (bytes) => data.push(bytes.toString()),
        onOversize: (head, tail) => edges.push([head.toString(), tail.toString()]),
      })
      const stream = `data: a\n\n${large}data: b\n\n${large}data: c\n\n`
      for (const chunk of pieces(stream, size)) reader.push(chunk)
      expect(data).toEqual(['a', 'b', 'c'])
      expect(edges).toHaveLength(2)
      expect(edges[0]?.[0]).toMatch(/^\{"id":7,/)
      expect(edges[0]?.[1]).toMatch(/x"?\}?$/)
      expect(Math.max(...edges.flat().map(({ length }) => length))).toBeLessThanOrEqual(256)
    }
  },
)

test('events of other types go where they are wanted', () => {
  const others: string[] = []
  const reader = new SseReader({
    eventBytesMax: 100,
    onData: (bytes) => others.push(bytes.toString()),
    onOther: (type, bytes) => others.push(`${type}=${bytes.toString()}`),
    onOversize: () => undefined,
  })
  reader.push(Buffer.from('event: endpoint\ndata: /m?s=1\n\ndata: x\n\nevent: ping\ndata\n\n'))
  expect(others).toEqual(['endpoint=/m?s=1', 'x', 'ping='])
})

test('what is sent as one line of data comes back', () => {
  const message = fc.string({ unit: 'grapheme', minLength: 1 })
  fc.assert(
    fc.property(fc.array(message), fc.integer({ min: 1, max: 30 }), (messages, size) => {
      const sent = messages.map((text) => JSON.stringify(text))
      const stream = sent.map((text) => `event: message\ndata: ${text}\n\n`).join('')
      expect(read(pieces(stream, size), 10_000).data).toEqual(sent)
    }),
  )
})
