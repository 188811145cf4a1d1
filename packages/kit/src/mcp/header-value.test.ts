import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts'

test.each([
  ['no Base64', '=?base64?!?='],
  ['no padding', '=?base64?ZWNobw?='],
  ['loose bits', '=?base64?ZWNobx==?='],
  ['the URL alphabet', '=?base64?_-8=?='],
  ['a break in it', '=?base64?ZWNo bw==?='],
  ['no UTF-8', '=?base64?/w==?='],
  ['half a character', '=?base64?4oI=?='],
])('a sentinel around %s is malformed [wire/header/sentinel]', (_case, value) => {
  expect(decodeHeaderValue(value)).toBe(undefined)
})

test.each([
  ['=?base64?=', '=?base64?='],
  ['=?base64?', '=?base64?'],
  ['=?base64?ZWNobw==', '=?base64?ZWNobw=='],
  ['ZWNobw==?=', 'ZWNobw==?='],
  ['=?BASE64?ZWNobw==?=', '=?BASE64?ZWNobw==?='],
  [' \techo\t ', 'echo'],
  ['', ''],
  ['=?base64??=', ''],
  ['=?base64?ZWNobw==?=', 'echo'],
])('%j stands for %j', (value, text) => {
  expect(decodeHeaderValue(value)).toBe(text)
})

test.each([
  ['echo', 'echo'],
  ['two words', 'two words'],
  ['', '=?base64??='],
  [' echo', '=?base64?IGVjaG8=?='],
  ['a\r\nb', '=?base64?YQ0KYg==?='],
  ['a\tb', '=?base64?YQli?='],
  ['ü', '=?base64?w7w=?='],
  ['=?base64?=', '=?base64?PT9iYXNlNjQ/PQ==?='],
])('%j travels as %j', (text, value) => {
  expect(encodeHeaderValue(text)).toBe(value)
})

test('any text comes back as it was, and never breaks a header [upstreams/header/injection]', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('=', '?', 'base64', ' ', '\r', '\n', 'é', 'A') }),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const value = encodeHeaderValue(text)
      expect(value).toMatch(/^[\x20-\x7e]*$/)
      expect(decodeHeaderValue(` ${value} `)).toBe(text)
    }),
  )
})
