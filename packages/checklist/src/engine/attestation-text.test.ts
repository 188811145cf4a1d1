import { expect, test } from 'vitest'
import { attestationText, readAttestationText } from './attestation-text.ts'

test.each([false, true])('what a person stands for is read as it was said, over: %s', (isOver) => {
  const said = {
    by: 'Ada, until Monday',
    note: 'a: b, until c',
    expiresAt: '2026-12-01T00:00:00.000Z',
  }
  expect(readAttestationText(attestationText(said, isOver))).toEqual({ ...said, isOver })
})

test.each(['nobody has attested it', '', 'x, until tomorrow: y'])(
  '`%s` says of nobody anything',
  (text) => {
    expect(readAttestationText(text)).toBeUndefined()
  },
)
