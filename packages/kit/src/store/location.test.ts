import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseStoreLocation } from './location.ts'

test.each([
  ['', 'unknown scheme'],
  ['mysql://localhost/x', 'unknown scheme'],
  ['postgres:/localhost/x', 'unknown scheme'],
  ['./data/sallyport.db', 'unknown scheme'],
  ['sqlite:', 'names no file'],
  ['sqlite::memory:', 'names no file'],
  ['sqlite://host/file', 'names no file'],
])('refuses %j', (location, sentence) => {
  expect(() => parseStoreLocation(location)).toThrow(
    expect.objectContaining({
      code: 'config_invalid',
      message: expect.stringContaining(sentence),
    }),
  )
})

test('counts a relative path from the working folder', () => {
  const path = resolve('data/sallyport.db')
  expect(parseStoreLocation('sqlite:./data/sallyport.db')).toEqual({ kind: 'sqlite', path })
})

test.each([
  ['postgres://u:p@db.example.com/app', true],
  ['postgresql://u:p@db.example.com:5432/app?application_name=x', true],
  ['postgres://u:p@10.0.0.7/app', true],
  ['postgres://u:p@128.0.0.1/app', true],
  ['postgres://u:p@localhost.example.com/app', true],
  ['postgres://u@[2001:db8::1]:5432/app', true],
  ['postgres://u@/app?host=db.example.com', true],
  ['postgres://u:p@db.example.com/app?sslmode=disable', undefined],
  ['postgres://u:p@db.example.com/app?sslmode=verify-full&sslrootcert=ca.pem', undefined],
  ['postgres://u:p@127.0.0.1:5433/app', undefined],
  ['postgres://u:p@127.9.9.9/app', undefined],
  ['postgres://u:p@localhost/app', undefined],
  ['postgres://u@[::1]/app', undefined],
  ['postgres://u@/app', undefined],
  ['postgres://u@/app?host=/run/postgresql', undefined],
  ['postgres://u@%2Frun%2Fpostgresql/app', undefined],
])('%s: verified TLS by default is %s [store/postgres/tls]', (location, verifyTls) => {
  expect(parseStoreLocation(location)).toMatchObject({ kind: 'postgres', verifyTls })
})

test('labels a PostgreSQL without its password', () => {
  const parsed = parseStoreLocation('postgres://app:hunter2hunter2@db.example.com:5432/main?x=1')
  expect(parsed).toMatchObject({ label: 'db.example.com/main' })
})
