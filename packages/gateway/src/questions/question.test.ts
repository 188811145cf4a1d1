import { memberTexts } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { inEra, saying } from './question.ts'

const ELICIT = 'elicitation/create'
const elicit = (params: string | undefined) => ({ method: ELICIT, params })

test('a question says which server asks, and nothing else of it changes [questions/who-asks]', () => {
  expect(
    saying(elicit('{"n":1.0, "message":"Your \\u0022name\\u0022?","x":{"message":"m"}}'), 'files'),
  ).toEqual(elicit('{"n":1.0,"message":"[files] Your \\"name\\"?","x":{"message":"m"}}'))
})

test.each([
  { method: 'sampling/createMessage', params: '{"message":"m"}' },
  { method: 'roots/list', params: undefined },
  elicit('{"message":7}'),
  elicit('{}'),
  elicit(undefined),
])('a question without words for a person passes as it is: %j', (question) => {
  expect(saying(question, 'files')).toBe(question)
})

test('a page to visit has an id in the legacy era and none in the modern one', () => {
  const modern = elicit('{"mode":"url","url":"https://a/","message":"m"}')
  const legacy = inEra(modern, 'legacy')
  const id = memberTexts(legacy.params).get('elicitationId')
  expect(id).toMatch(/^"[\da-f-]{36}"$/)
  expect(inEra(modern, 'legacy')).not.toEqual(legacy)
  expect(inEra(legacy, 'modern')).toEqual(modern)
  expect(inEra(legacy, 'legacy')).toBe(legacy)
  expect(inEra(modern, 'modern')).toBe(modern)
})

test.each([
  elicit('{"mode":"form","elicitationId":"x"}'),
  elicit(undefined),
  { method: 'roots/list', params: '{"mode":"url"}' },
])('no other question changes with the era: %j', (question) => {
  expect([inEra(question, 'modern'), inEra(question, 'legacy')]).toEqual([question, question])
})
