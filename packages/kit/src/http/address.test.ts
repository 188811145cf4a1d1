import { expect, test } from 'vitest'
import { formatAddress, isLoopback, normaliseAddress, parseListenAddress } from './address.ts'

test.each([
  '',
  '9100',
  ':9100',
  '127.0.0.1',
  '127.0.0.1:',
  '127.0.0.1:65536',
  '127.0.0.1:-1',
  '127.0.0.1:9100x',
  '127.1:9100',
  '0177.0.0.1:9100',
  '256.0.0.1:9100',
  '::1:9100',
  '[::1]',
  '[::1%lo]:9100',
  '[127.0.0.1]:9100',
  'example.com:9100',
  'localhost.evil.com:1',
  '*:9100',
])('refuses to listen on "%s"', (text) => {
  expect(() => parseListenAddress(text)).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  )
})

test.each([
  ['127.0.0.1:9100', '127.0.0.1', 9100],
  ['localhost:9100', '127.0.0.1', 9100],
  ['0.0.0.0:0', '0.0.0.0', 0],
  ['[::1]:0', '::1', 0],
  ['[0:0:0:0:0:0:0:1]:80', '::1', 80],
  ['[::ffff:127.0.0.1]:80', '127.0.0.1', 80],
  ['[2001:DB8::0:1]:80', '2001:db8::1', 80],
])('%s is host %s, port %d', (text, host, port) => {
  expect(parseListenAddress(text)).toEqual({ host, port })
})

test.each([
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::FFFF:7f00:1', '127.0.0.1'],
  ['0:0:0:0:0:ffff:c0a8:0102', '192.168.1.2'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::1', '::1'],
  ['10.0.0.1', '10.0.0.1'],
  ['no:address', 'no:address'],
])('%s is written %s', (address, normal) => {
  expect(normaliseAddress(address)).toBe(normal)
})

test.each([
  ['128.0.0.1', false],
  ['127.0.0.1.evil.com', false],
  ['127.1', false],
  ['::2', false],
  ['::127.0.0.1', false],
  ['::ffff:128.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['localhost.evil.com', false],
  ['127.0.0.1', true],
  ['127.255.0.3', true],
  ['::ffff:7f00:1', true],
  ['[::1]', true],
  ['LOCALHOST', true],
])('isLoopback(%s) is %s [config/loopback]', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback)
})

test('an address is printed as it is written', () => {
  expect(formatAddress({ host: '::1', port: 1 })).toBe('[::1]:1')
  expect(formatAddress({ host: '127.0.0.1', port: 1 })).toBe('127.0.0.1:1')
})
