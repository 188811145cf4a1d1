import { expect, test } from 'vitest'
import { isJsonType, judgeAccept, sendAccepted, sendJson } from './reply.ts'
import { FakeResponse } from './testing-message.ts'

const NEITHER = [false, false]
const JSON_ONLY = [true, false]
const STREAM_ONLY = [false, true]
const BOTH = [true, true]

test.each([
  [undefined, JSON_ONLY],
  ['', JSON_ONLY],
  ['text/html', NEITHER],
  ['application/jsonp', NEITHER],
  ['application/json;q=0', NEITHER],
  ['application/json; q=0.000', NEITHER],
  ['application/json;q=0, text/event-stream', STREAM_ONLY],
  ['application/json, text/event-stream;q=0', JSON_ONLY],
  ['application/json;q=0.5', JSON_ONLY],
  ['application/json; charset=utf-8', JSON_ONLY],
  ['APPLICATION/JSON', JSON_ONLY],
  ['application/*', JSON_ONLY],
  ['*/*', JSON_ONLY],
  ['text/html, */*;q=0.1', JSON_ONLY],
  ['*/*;q=0', NEITHER],
  ['text/event-stream', STREAM_ONLY],
  ['text/*', STREAM_ONLY],
  ['application/json, text/event-stream', BOTH],
  ['text/event-stream ,application/json', BOTH],
  ['text/event-stream, */*', BOTH],
])('accept %j takes JSON and streams: %j', (header, expected) => {
  const judge = () => {
    const { json, stream } = judgeAccept(header)
    return [json, stream]
  }
  expect(judge()).toEqual(expected)
  // The second time it is remembered.
  expect(judge()).toEqual(expected)
})

test('headers beyond what is remembered are still judged', () => {
  const verdicts = Array.from({ length: 200 }, (_, index) =>
    judgeAccept(`application/json, text/event-stream, x/${index}`),
  )
  expect(new Set(verdicts.map(({ json, stream }) => json && stream))).toEqual(new Set([true]))
})

test.each([undefined, '', 'text/plain', 'application/jsonp', 'application/json-rpc'])(
  'a body of type %j is not read as JSON',
  (header) => {
    expect(isJsonType(header)).toBe(false)
  },
)

test.each(['application/json', 'Application/JSON', 'application/json ; charset=utf-8'])(
  'a body of type %j is JSON',
  (header) => {
    expect(isJsonType(header)).toBe(true)
  },
)

test('an answer says its length, its request id and, where asked, when to come back', () => {
  const fake = new FakeResponse()
  const answer = { bytes: Buffer.from('{"ü":1}'), status: 503, retryAfterMs: 1_001 }
  sendJson(fake.response, answer, 'r-1')
  expect([fake.status, fake.headers, fake.sent]).toEqual([
    503,
    {
      'content-type': 'application/json',
      'content-length': '8',
      'x-request-id': 'r-1',
      'retry-after': '2',
    },
    '{"ü":1}',
  ])
})

test('a time to come back is a second at least', () => {
  const fake = new FakeResponse()
  sendJson(fake.response, { bytes: Buffer.from(''), status: 503, retryAfterMs: 0 }, 'r-1')
  expect(fake.headers['retry-after']).toBe('1')
})

test.each([10, 100_000])('an answer of several pieces arrives whole, %i bytes each', (length) => {
  const fake = new FakeResponse()
  const more = ['ü', 'b'].map((letter) => Buffer.from(letter.repeat(length)))
  sendJson(fake.response, { bytes: Buffer.from('a'), more, status: 200 }, 'r-1')
  expect(fake.headers['content-length']).toBe(String(1 + length * 3))
  expect(fake.sent).toBe(`a${'ü'.repeat(length)}${'b'.repeat(length)}`)
})

test('what needs no answer gets an empty 202', () => {
  const fake = new FakeResponse()
  sendAccepted(fake.response, 'r-1')
  expect([fake.status, fake.headers, fake.sent]).toEqual([
    202,
    { 'content-length': 0, 'x-request-id': 'r-1' },
    '',
  ])
})

test('nothing is sent to a client that left', () => {
  const fake = new FakeResponse()
  fake.destroyed = true
  sendJson(fake.response, { bytes: Buffer.from('{}'), status: 200 }, 'r-1')
  sendAccepted(fake.response, 'r-1')
  expect([fake.status, fake.sent]).toEqual([undefined, ''])
})
