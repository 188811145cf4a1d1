import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeptResult } from './kept-results.ts'
import { cutPart } from './read-more.ts'

const kept = (text: string, partBytesMax = 1_000): KeptResult => ({
  ...{ handle: 'h', principalId: 'key:a', holder: 'key:a', expiresAtMs: 0, partBytesMax },
  text: Buffer.from(text),
})

test('parts of any size, put together, are the text [quotas/results/exact]', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
      (text, sizes) => {
        const result = kept(text, 5)
        const parts: string[] = []
        let offset: number | null = 0
        for (let turn = 0; offset !== null; turn += 1) {
          const bytes = sizes[turn % sizes.length]
          const part = cutPart(result, { handle: 'h', offset, bytes })
          expect(part.bytes).toBe(Buffer.byteLength(part.text))
          if (part.next !== null) expect(part.bytes).toBeGreaterThan(0)
          parts.push(part.text)
          offset = part.next
        }
        expect(parts.join('')).toBe(text)
      },
    ),
  )
})

test('a part smaller than the next character holds that character', () => {
  const result = kept('é😀x')
  const cut = (offset: number, bytes: number) => cutPart(result, { handle: 'h', offset, bytes })
  expect(cut(0, 1)).toEqual({ text: 'é', offset: 0, bytes: 2, next: 2, total: 7 })
  expect(cut(2, 3)).toEqual({ text: '😀', offset: 2, bytes: 4, next: 6, total: 7 })
  expect(cut(2, 5)).toEqual({ text: '😀x', offset: 2, bytes: 5, next: null, total: 7 })
})
