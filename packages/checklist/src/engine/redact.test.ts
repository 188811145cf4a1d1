import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { deploymentOf } from '../../test/fixtures/deployment.ts'
import { Redactor, redactorOf } from './redact.ts'

test('every secret within a configuration is taken out, however deep [check/engine/secrets]', () => {
  const redactor = new Redactor()
  redactor.addAll({ a: [{ b: new Secret('deep-and-quiet') }], c: new Secret('at-the-top') })
  expect(redactor.clean('deep-and-quiet, at-the-top')).toBe('[redacted], [redacted]')
})

test('of two secrets the one that holds the other goes whole [check/engine/secrets]', () => {
  const redactor = new Redactor()
  redactor.add('horse-battery')
  redactor.add('correct-horse-battery')
  expect(redactor.clean('is correct-horse-battery')).toBe('is [redacted]')
})

test('a configuration that holds itself ends [check/engine/secrets]', () => {
  const ring: Record<string, unknown> = { secret: new Secret('round-and-round') }
  ring['self'] = ring
  const redactor = new Redactor()
  redactor.addAll(ring)
  expect(redactor.clean('round-and-round')).toBe('[redacted]')
})

test('short texts and words of every sentence stay: a probe must be able to name them', () => {
  const redactor = new Redactor()
  for (const value of ['abc', 'postgres', 'Password', '']) redactor.add(value)
  expect(redactor.clean('the Password of postgres is abc')).toBe('the Password of postgres is abc')
})

test('what looks like a credential is taken out though nobody knew of it [check/engine/secrets]', () => {
  const cleaned = new Redactor().clean('authorization: Bearer xoxb-1234567890-abcdefghij')
  expect(cleaned).not.toContain('abcdefghij')
})

test('a deployment has one redactor, and no two share theirs', () => {
  const [one, other] = [deploymentOf('/a'), deploymentOf('/b')]
  redactorOf(one).add('only-of-the-first')
  expect(redactorOf(one).clean('only-of-the-first')).toBe('[redacted]')
  expect(redactorOf(other).clean('only-of-the-first')).toBe('only-of-the-first')
})
