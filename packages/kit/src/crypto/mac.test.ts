import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMac } from './mac.ts'

const bytes = (maxLength: number) =>
  fc.uint8Array({ minLength: 0, maxLength }).map((array) => Buffer.from(array))

test('is the HMAC that the platform computes, for every key and message', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array))
  fc.assert(
    fc.property(key, bytes(300), bytes(9_000), (secret, first, second) => {
      const mac = createMac(secret)
      for (const message of [first, second, first]) {
        expect(mac(message).toString('hex')).toBe(
          createHmac('sha256', secret).update(message).digest('hex'),
        )
      }
    }),
  )
})
