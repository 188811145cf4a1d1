import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { isLoopbackHost, listeningAddresses, placeOfHost, reachOf } from './network.ts'

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.9.9.9', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['0.0.0.0', 'every'],
  ['::', 'every'],
  ['10.1.2.3', 'private'],
  ['172.31.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.0.9', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::7', 'private'],
  ['fe80::1%eth0', 'private'],
  ['8.8.8.8', 'public'],
  ['2001:4860::1', 'public'],
  ['no address', 'public'],
])('%s can be reached by %s', (address, reach) => {
  expect(reachOf(address)).toBe(reach)
})

test.each([
  ['localhost', true],
  ['', true],
  ['/run/postgresql', true],
  ['[::1]', true],
  ['127.0.0.1', true],
  ['127.1', false],
  ['localhost.example.com', false],
  ['10.0.0.1', false],
])('the host %s is this machine: %s', (host, is) => {
  expect(isLoopbackHost(host)).toBe(is)
})

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['0.0.0.0', '0.0.0.0'],
])('what listens at %s is seen', async (host, seen) => {
  const server = createServer().listen(0, host)
  await using _closed = { [Symbol.asyncDispose]: async () => void server.close() }
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // of a TCP listener
  expect(await listeningAddresses(port)).toEqual([seen])
})

test('a name that nobody knows is nowhere', async () => {
  expect(await placeOfHost('no-such-name.invalid')).toBeUndefined()
})
