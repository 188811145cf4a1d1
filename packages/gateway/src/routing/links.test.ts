import { expect, test } from 'vitest'
import { Links } from './links.ts'

test('a link leads back to the first server that gave it, for the same principal only [features/links]', () => {
  const links = new Links()
  links.learn('key:alice', 'a', ['x:1'])
  links.learn('key:alice', 'b', ['x:1', 'x:2'])
  expect(['x:1', 'x:2', 'x:3'].map((uri) => links.serverOf('key:alice', uri))).toEqual([
    'a',
    'b',
    undefined,
  ])
  expect(links.serverOf('key:bob', 'x:1')).toBe(undefined)
})

test('links are bounded: the oldest are forgotten, those that are given again are not', () => {
  const links = new Links(8)
  const learn = (n: number) => links.learn('p', 's', [`x:${n}`])
  for (let n = 0; n < 8; n += 1) learn(n)
  learn(0)
  for (let n = 8; n < 11; n += 1) learn(n)
  const known = Array.from({ length: 11 }, (_, n) => links.serverOf('p', `x:${n}`) !== undefined)
  expect(known.filter(Boolean).length).toBeLessThanOrEqual(8)
  expect([known[0], known[1], known[10]]).toEqual([true, false, true])
})

test('who gave a link first keeps it, also once it is among the older ones', () => {
  const links = new Links(2)
  links.learn('p', 'a', ['x:1'])
  links.learn('p', 'a', ['x:2'])
  links.learn('p', 'b', ['x:1'])
  expect(links.serverOf('p', 'x:1')).toBe('a')
})

test('a link of more than 2,048 characters is not kept', () => {
  const links = new Links()
  links.learn('p', 's', ['x'.repeat(2_049), 'x'.repeat(2_048)])
  expect(links.serverOf('p', 'x'.repeat(2_049))).toBe(undefined)
  expect(links.serverOf('p', 'x'.repeat(2_048))).toBe('s')
})
