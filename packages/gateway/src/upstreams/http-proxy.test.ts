import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { chooseProxy, isExempt } from './http-proxy.ts'

const PROXY = { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://q:2' }

function chosen(
  target: string,
  environment: Record<string, string>,
  configured?: 'none' | Secret,
): string | undefined {
  return chooseProxy(new URL(target), configured, environment)?.origin.host
}

test.each([
  ['*', 'https://a.example/', true],
  ['a.example', 'https://a.example/', true],
  ['a.example', 'https://b.a.example/', true],
  ['.a.example', 'https://b.a.example/', true],
  ['*.a.example', 'https://b.a.example/', true],
  ['x, a.example', 'https://a.example/', true],
  ['x a.example', 'https://A.EXAMPLE./', true],
  ['a.example:443', 'https://a.example/', true],
  ['10.0.0.0/8', 'http://10.1.2.3/', true],
  ['10.1.2.3', 'http://10.1.2.3/', true],
  ['fd00::/8', 'http://[fd00::1]/', true],
  ['[fd00::1]:80', 'http://[fd00::1]/', true],
  ['', 'https://a.example/', false],
  ['a.example', 'https://ba.example/', false],
  ['a.example', 'https://a.example.org/', false],
  ['a.example:80', 'https://a.example/', false],
  ['10.0.0.0/8', 'http://11.1.2.3/', false],
  ['10.0.0.0/8', 'http://10.example/', false],
  ['2.3', 'http://10.1.2.3/', false],
  ['fd00::/8', 'http://10.1.2.3/', false],
])('NO_PROXY=%s exempts %s: %s [upstreams/proxy/exempt]', (list, target, expected) => {
  expect(isExempt(new URL(target), list)).toBe(expected)
})

test.each([
  'https://localhost:8/',
  'http://127.0.0.1/',
  'http://127.9.9.9/',
  'https://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://a.localhost/',
])('the environment sends nothing for %s through a proxy [upstreams/proxy/loopback]', (target) => {
  expect(chosen(target, PROXY)).toBeUndefined()
  expect(chosen(target, PROXY, new Secret('http://own:3'))).toBe('own:3')
})

test('the key of the server comes before the environment, and `none` before both', () => {
  expect(chosen('https://a.example/', PROXY)).toBe('p:1')
  expect(chosen('http://a.example/', PROXY)).toBe('q:2')
  expect(chosen('https://a.example/', { ...PROXY, https_proxy: 'http://r:3' })).toBe('r:3')
  expect(chosen('https://a.example/', { ...PROXY, NO_PROXY: '*' })).toBeUndefined()
  expect(chosen('https://a.example/', PROXY, new Secret('http://own:3'))).toBe('own:3')
  expect(chosen('https://a.example/', PROXY, 'none')).toBeUndefined()
  expect(chosen('https://a.example/', {})).toBeUndefined()
  expect(chosen('https://a.example/', { HTTPS_PROXY: 'p:1' })).toBe('p:1')
})

test('what the environment calls a proxy and is none is refused by name, without its text', () => {
  const environment = { HTTPS_PROXY: 'socks5://u:s3cret@p:1' }
  expect(() => chosen('https://a.example/', environment)).toThrow(
    /^HTTPS_PROXY is no http or https URL of a proxy/,
  )
  expect(() => chosen('https://a.example/', environment)).not.toThrow(/s3cret/)
})

test.each([
  ['http://u:p@h:1', 'u:p'],
  ['http://u%40x:p%3A@h:1', 'u@x:p:'],
  ['http://u@h:1', 'u:'],
  ['http://u:50%@h:1', 'u:50%'],
  ['http://h:1', undefined],
])('the credentials of %s are %s', (url, expected) => {
  const proxy = chooseProxy(new URL('https://a.example/'), new Secret(url), {})
  const [, encoded] = /^Basic (.+)$/.exec(proxy?.authorization ?? '') ?? []
  expect(encoded && Buffer.from(encoded, 'base64').toString()).toBe(expected)
})
