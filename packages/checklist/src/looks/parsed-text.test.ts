import { expect, test } from 'vitest'
import { parsedJson, parsedYaml } from './parsed-text.ts'

test('a text that is none is nothing, and quotes itself nowhere', () => {
  expect([parsedJson('{"a":1}'), parsedJson('{"a":'), parsedJson('')]).toEqual([
    { a: 1 },
    undefined,
    undefined,
  ])
  expect([parsedYaml('a: 1'), parsedYaml('a: ['), parsedYaml('')]).toEqual([
    { a: 1 },
    undefined,
    {},
  ])
})

test('aliases that multiply are nothing', () => {
  const levels = Array.from(
    { length: 9 },
    (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`,
  )
  expect(parsedYaml(`a0: &a0 x\n${levels.join('\n')}\n`)).toBeUndefined()
})
