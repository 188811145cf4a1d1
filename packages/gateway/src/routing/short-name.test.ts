import { expect, test } from 'vitest'
import { shortName } from './short-name.ts'

const never = () => false

test('a name of 64 characters stays, one of 65 is cut and ends in 6 digits of its hash [tools/name/short]', () => {
  const full = `files__${'x'.repeat(58)}`
  expect(shortName(full.slice(1), never)).toBe(full.slice(1))
  const short = shortName(full, never)
  expect(short).toMatch(/^files__x{50}_[0-9a-f]{6}$/)
  expect(short).toHaveLength(64)
})

test('names that differ only beyond the cut stay different [tools/name/short]', () => {
  const base = `files__${'x'.repeat(80)}`
  expect(shortName(`${base}a`, never)).not.toBe(shortName(`${base}b`, never))
})

test('a cut name that is taken gets more digits', () => {
  const full = 'x'.repeat(65)
  const first = shortName(full, never)
  const second = shortName(full, (name) => name === first)
  expect(second).toMatch(/^x{55}_[0-9a-f]{8}$/)
})

test('a character of two halves is not cut in two', () => {
  const short = shortName(`${'x'.repeat(56)}😀${'y'.repeat(20)}`, never)
  expect(short).toMatch(/^x{56}_[0-9a-f]{6}$/)
})
