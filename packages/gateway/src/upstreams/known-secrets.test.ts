import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { KnownSecrets, secretsOf } from './known-secrets.ts'

function knowing(...values: readonly string[]): KnownSecrets {
  const secrets = new KnownSecrets()
  secrets.add(values.map((value) => new Secret(value)))
  return secrets
}

test('a value is hidden wherever it stands, the longest first [supervision/stderr/secrets]', () => {
  const secrets = knowing('hunter2', 'hunter22-long')
  expect(secrets.hide('a hunter2, hunter22-long and hunter2')).toBe(
    'a [redacted], [redacted] and [redacted]',
  )
})

test('a long word of a value is hidden without the others too [supervision/stderr/secrets]', () => {
  const secrets = knowing('Bearer SuperSecretValue99182', 'two short words')
  expect(secrets.hide('401 for SuperSecretValue99182; Bearer of two short ones')).toBe(
    '401 for [redacted]; Bearer of two short ones',
  )
})

test.each([
  [['--api-key', 'SuperSecretValue99182']],
  [['run', '--token=SuperSecretValue99182']],
  [['-password', 'Basic SuperSecretValue99182']],
])('an argument of %j is a secret by its flag [supervision/stderr/secrets]', (args) => {
  const secrets = new KnownSecrets()
  secrets.add(secretsOf(args))
  expect(secrets.hide('refused: SuperSecretValue99182')).toBe('refused: [redacted]')
})

test('other arguments are no secrets', () => {
  const secrets = new KnownSecrets()
  secrets.add(secretsOf(['--token', '--root', '/srv/documents', 'verbose-output']))
  expect(secrets.hide('/srv/documents verbose-output --root')).toBe(
    '/srv/documents verbose-output --root',
  )
})

test('a value of five characters is a word like any other', () => {
  expect(knowing('debug', '').hide('debug is on')).toBe('debug is on')
})

test('each line of a value is hidden, also as JSON writes it [supervision/stderr/secrets]', () => {
  const secrets = knowing('-----BEGIN KEY-----\r\n  first"line\nsecondline\n')
  expect(secrets.hide(String.raw`{"key":"x\nfirst\"line\nsecondline\n"}`)).toBe(
    String.raw`{"key":"x\n[redacted]\n[redacted]\n"}`,
  )
  expect(secrets.hide('first"line')).toBe('[redacted]')
})

test.each([
  ['says 0123456789', 'says [redacted]'],
  ['says 012345', 'says [redacted]'],
  ['456789abcdef then', '[redacted] then'],
  ['abcdef', '[redacted]'],
  ['01234501234567', '012345[redacted]'],
  ['says 01234', 'says 01234'],
  ['says 012345 and more', 'says 012345 and more'],
  ['', ''],
])('a value cut in two by the beginning or end of %j is hidden', (text, shown) => {
  expect(knowing('0123456789abcdef').hide(text)).toBe(shown)
})

test('of very many values the newest are hidden', () => {
  const secrets = knowing()
  for (let n = 0; n < 3_000; n += 1) secrets.add([new Secret(`value-${n};`)])
  expect(secrets.hide('value-2999; value-0;!')).toBe('[redacted] value-0;!')
})
