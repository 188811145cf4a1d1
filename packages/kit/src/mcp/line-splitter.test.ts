import { expect, test } from 'vitest'
import { ByteBudget } from '../limits/index.ts'
import { LineSplitter } from './line-splitter.ts'

const MAX = 16

function open(totalBytesMax = 1_000) {
  const budget = new ByteBudget({ totalBytesMax, principalBytesMax: totalBytesMax })
  const splitter = new LineSplitter(MAX, () => budget.reserve('somebody'))
  const push = (text: string): string[] =>
    [...splitter.push(Buffer.from(text))].map((line) => line.toString())
  return { budget, splitter, push }
}

test('refuses a line at its first byte over the cap, once, and takes the next', () => {
  const { budget, push } = open()
  expect(push('x'.repeat(MAX))).toEqual([])
  expect(budget.total).toBe(MAX)
  expect(push('x')).toEqual(['too_long'])
  expect(budget.total).toBe(0)
  expect(push('y'.repeat(1_000))).toEqual([])
  expect(push('z\nshort\n')).toEqual(['short'])
})

test('refuses a line over the cap that comes in one chunk, and takes one of exactly the cap', () => {
  const { push } = open()
  expect(push(`${'x'.repeat(MAX + 1)}\n${'y'.repeat(MAX)}\n`)).toEqual([
    'too_long',
    'y'.repeat(MAX),
  ])
})

test('refuses a line that the budget has no bytes for, and takes the next', () => {
  const { budget, push } = open(8)
  expect(push('123456')).toEqual([])
  expect(push('789')).toEqual(['overloaded'])
  expect(budget.total).toBe(0)
  expect(push('0\nnext\n')).toEqual(['next'])
})

test.each(['', '\r', '  \t ', ' '.repeat(MAX)])('passes over a blank line: %j', (blank) => {
  const { push } = open()
  expect(push(`${blank}\na\n`)).toEqual(['a'])
})

test('gives the same lines however they are cut into chunks', () => {
  const text = 'one\n\ntwo\r\n{"three":3}\n'
  const whole = open().push(text)
  expect(whole).toEqual(['one', 'two\r', '{"three":3}'])
  for (let size = 1; size < text.length; size += 1) {
    const { budget, push } = open()
    const lines: string[] = []
    for (let at = 0; at < text.length; at += size) lines.push(...push(text.slice(at, at + size)))
    expect([lines, budget.total]).toEqual([whole, 0])
  }
})

test('what has no newline yet is seen, counted, and given out at the end', () => {
  const { budget, splitter, push } = open()
  expect(push('a\nb')).toEqual(['a'])
  push('c')
  expect(splitter.unfinished.map(String)).toEqual(['b', 'c'])
  expect(budget.total).toBe(2)
  expect(splitter.end()?.toString()).toBe('bc')
  expect([budget.total, splitter.unfinished, splitter.end()]).toEqual([0, [], undefined])
})
