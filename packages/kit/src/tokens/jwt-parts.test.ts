import fc from 'fast-check'
import { expect, test } from 'vitest'
import { looksLikeJwt, readJwt } from './jwt-parts.ts'

const part = (text: string): string => Buffer.from(text).toString('base64url')

test('reading is total: any text gives parts or nothing [tokens/refused]', () => {
  const piece = fc.oneof(fc.base64String(), fc.string(), fc.json().map(part))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
      const text = pieces.join('.')
      looksLikeJwt(text)
      const parts = readJwt(text)
      if (parts !== undefined) expect(typeof parts.claims).toBe('object')
    }),
  )
})

test('what was written is read, and in one spelling only [tokens/refused]', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (claims) => {
      const text = `${part('{"alg":"ES256"}')}.${part(JSON.stringify(claims))}.AA`
      expect(readJwt(text)?.claims).toEqual(JSON.parse(JSON.stringify(claims)))
      for (const other of [`${text}=`, `${text}B`, ` ${text}`, text.replace('.', '=.')]) {
        expect(readJwt(other)).toBe(undefined)
      }
    }),
  )
})
