import { expect, test } from 'vitest'
import { hasControls, printable, printableLines } from './printable.ts'

test('takes escape sequences, controls and direction marks out', () => {
  expect(printable('\u001b]0;title\u0007a\u001b[31mb\u0000c\u009bd\u202ee\u200bf', 100)).toBe(
    'abcdef',
  )
})

test('makes one line of many', () => {
  expect(printable('a\r\n\tb\u2028c', 100)).toBe('a b c')
})

test('cuts at the limit without halving a character', () => {
  expect(printable('abcd', 4)).toBe('abcd')
  expect(printable('abcde', 4)).toBe('abc…')
  expect(printable('ab😀de', 4)).toBe('ab…')
})

test('keeps lines where lines are wanted', () => {
  expect(printableLines('a\u001b[1m\r\nb\tc\u0007', 100)).toBe('a\nb  c')
  expect(hasControls('plain ünïcode 😀')).toBe(false)
})
