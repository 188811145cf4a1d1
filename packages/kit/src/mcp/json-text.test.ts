import { expect, test } from 'vitest'
import { memberTexts, objectText, parseText } from './json-text.ts'

test.each([
  ['"a\\u0062"', 'ab'],
  ['7', undefined],
  ['null', undefined],
  [undefined, undefined],
])('the text of %j is %j', (text, expected) => {
  expect(parseText(text)).toBe(expected)
})

test('members are texts as they were written, and go back so', () => {
  const text = '{"a":1.0,"b\\u0062":[1 , 2],"__proto__":{}}'
  expect(objectText(memberTexts(text))).toBe('{"a":1.0,"bb":[1 , 2],"__proto__":{}}')
  expect([memberTexts('[1]').size, memberTexts(undefined).size, memberTexts('7').size]).toEqual([
    0, 0, 0,
  ])
})
