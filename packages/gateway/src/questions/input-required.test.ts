import { expect, test } from 'vitest'
import { readInputRequired, requestsText } from './input-required.ts'
import { MODERN, replyOf } from './testing-questions.ts'

const read = (members: string) =>
  readInputRequired(replyOf(`"result":{"resultType":"input_required"${members}}`, MODERN).message)

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => `"k${at}":{"method":"roots/list"}`).join()

test.each([
  ['nothing', ''],
  ['no questions', ',"inputRequests":{}'],
  ['questions that are none', ',"inputRequests":[{"method":"roots/list"}]'],
  ['a question without method', ',"inputRequests":{"k":{}}'],
  ['a call in place of a question', ',"inputRequests":{"k":{"method":"tools/call"}}'],
  ['a question that is a word', ',"inputRequests":{"k":"roots/list"}'],
  ['a state that is no text', ',"requestState":7'],
  ['too many questions', `,"inputRequests":{${many(17)}}`],
])('%s is no demand for input [questions/malformed]', (_case, members) => {
  expect(() => read(members)).toThrow(
    expect.objectContaining({ code: 'server_protocol', outcome: 'unknown' }),
  )
})

test('questions keep their keys, order and words', () => {
  const asked = read(
    ',"inputRequests":{"z":{"method":"elicitation/create","params":{"n":1.0}},"a":{"method":"roots/list"}},"requestState":"s\\u0031"',
  )
  expect([...asked.questions]).toEqual([
    ['z', { method: 'elicitation/create', params: '{"n":1.0}' }],
    ['a', { method: 'roots/list', params: undefined }],
  ])
  expect(asked.state).toBe('s1')
  expect(requestsText(asked.questions)).toBe(
    '{"z":{"method":"elicitation/create","params":{"n":1.0}},"a":{"method":"roots/list"}}',
  )
})

test.each([
  ['a state alone', ',"requestState":"s"', 0, 's'],
  ['as many questions as may be', `,"inputRequests":{${many(16)}}`, 16, undefined],
] as const)('%s is a demand for input', (_case, members, count, state) => {
  const asked = read(members)
  expect([asked.questions.size, asked.state]).toEqual([count, state])
})
