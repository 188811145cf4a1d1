import { expect, test } from 'vitest'
import { fitsGlob, selects } from './glob.ts'

test.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'a\nb', true],
  ['?', '', false],
  ['?', 'a', true],
  ['a__*', 'a__', true],
  ['a__*', 'b__a__x', false],
  ['*__read_*', 'files__read_file', true],
  ['*__read_*', 'files__read', false],
  ['a*b*c', 'abXbc', true],
  ['a*b*c', 'abXbd', false],
  ['file:///docs/*', 'file:///docs/a/b', true],
  ['file:///docs/*', 'file:///docs', false],
  ['a.c', 'abc', false],
  ['[ab]', 'a', false],
  ['A', 'a', false],
  ['a?c', 'abc', true],
  ['**', 'x', true],
])('%j fits %j: %s [endpoints/glob]', (glob, text, fits) => {
  expect(fitsGlob(glob, text)).toBe(fits)
})

test('many stars cost no more than the lengths allow [endpoints/glob]', () => {
  const startedMs = performance.now()
  expect(fitsGlob(`${'*a'.repeat(250)}b`, 'a'.repeat(8_000))).toBe(false)
  expect(performance.now() - startedMs).toBeLessThan(1_000)
})

test.each([
  ['nothing said', {}, 'a__x', true],
  ['an empty allow', { allow: [] }, 'a__x', false],
  ['allowed', { allow: ['b__*', 'a__*'] }, 'a__x', true],
  ['allowed and denied', { allow: ['*'], deny: ['a__x'] }, 'a__x', false],
  ['denied only', { deny: ['b__*'] }, 'a__x', true],
])('%s', (_case, selection, text, passes) => {
  expect(selects({ deny: [], ...selection }, text)).toBe(passes)
})
