import { expect, test } from 'vitest'
import { scanHeaders } from './header-scan.ts'
import { HostRules } from './host-rules.ts'
import { OriginRules } from './origin-rules.ts'
import { TrustedProxies } from './trusted-proxies.ts'

const settings = {
  publicUrl: 'https://mcp.example.com/base',
  allowedHosts: ['gateway', 'other:8443', '10.0.0.5'],
}
const publicHosts = new HostRules({ ...settings, loopback: false })
const loopbackHosts = new HostRules({ allowedHosts: [], loopback: true })

test.each([
  '',
  ' ',
  'localhost',
  '127.0.0.1:9100',
  '[::1]:9100',
  'mcp.example.com.evil.com',
  'evil-mcp.example.com',
  'xmcp.example.com',
  'example.com',
  'mcp.example.com@evil.com',
  'mcp.example.com:9100@evil.com',
  'mcp.example.com:99999',
  'mcp.example.com:',
  'mcp.example.com..',
  'mcp.example.com, evil.com',
  'mcp.example.com/x',
  'https://mcp.example.com',
  'other',
  'other:8444',
  '10.0.0.50',
])('a public listener refuses Host "%s" [door/host/foreign]', (host) => {
  expect(publicHosts.allows(host)).toBe(false)
})

test.each([
  'mcp.example.com',
  'MCP.Example.COM',
  'mcp.example.com.',
  'mcp.example.com:443',
  'gateway',
  'gateway:9100',
  'other:8443',
  '10.0.0.5:9100',
])('a public listener answers to Host "%s" [door/host/allowed]', (host) => {
  expect(publicHosts.allows(host)).toBe(true)
})

test.each([
  'localhost.evil.com',
  'evil-localhost',
  'notlocalhost',
  '127.0.0.1.evil.com',
  '127.evil.com',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '0.0.0.0',
  '[::]',
  '[::2]',
  '[::1',
  '::1',
  '[::1].evil.com',
  '128.0.0.1',
  'evil.com',
])('a loopback listener refuses Host "%s" [door/host/foreign]', (host) => {
  expect(loopbackHosts.allows(host)).toBe(false)
})

test.each([
  'localhost',
  'LocalHost:1234',
  'localhost.',
  '127.0.0.1',
  '127.9.9.9:1',
  '[::1]',
  '[::1]:9100',
  '[0:0:0:0:0:0:0:1]:9100',
  '[::ffff:127.0.0.1]:80',
])('a loopback listener answers to Host "%s" [door/host/allowed]', (host) => {
  expect(loopbackHosts.allows(host)).toBe(true)
})

test('what passed once passes again, and a flood of names does not grow memory without bound', () => {
  for (let port = 1; port < 2_000; port += 1) loopbackHosts.allows(`localhost:${port}`)
  expect(loopbackHosts.allows('localhost:5')).toBe(true)
  expect(loopbackHosts.allows('evil.com')).toBe(false)
})

const origins = new OriginRules({
  publicUrl: 'https://mcp.example.com/base',
  origins: ['https://app.example.com', 'http://plain.example:8080', 'vscode-webview://abc', 'null'],
  loopback: false,
})

test.each([
  'null',
  '',
  'https://evil.com',
  'https://app.example.com.evil.com',
  'https://evil-app.example.com',
  'https://evil.com/https://app.example.com',
  'https://app.example.com:444',
  'http://app.example.com',
  'https://app.example.com/',
  'https://app.example.com, https://app.example.com',
  'app.example.com',
  'http://plain.example',
  'https://plain.example:8080',
  'vscode-webview://abcd',
  'http://localhost:9100',
])('refuses Origin "%s" [door/origin/foreign]', (origin) => {
  expect(origins.allows(origin, 'localhost:9100')).toBe(false)
})

test.each([
  'https://app.example.com',
  'HTTPS://APP.EXAMPLE.COM',
  'http://plain.example:8080',
  'https://mcp.example.com',
  'vscode-webview://abc',
])('lets Origin "%s" in [door/origin/allowed]', (origin) => {
  expect(origins.allows(origin, 'mcp.example.com')).toBe(true)
})

test.each([
  ['http://localhost:9100', 'localhost:9101', false],
  ['http://localhost', 'localhost:9100', false],
  ['http://127.0.0.1:9100', 'localhost:9100', false],
  ['http://evil.com', 'evil.com', false],
  ['null', 'null', false],
  ['ftp://localhost:9100', 'localhost:9100', false],
  ['http://a@localhost:9100', 'localhost:9100', false],
  ['http://localhost:9100', 'localhost:9100', true],
  ['https://LOCALHOST:9100', 'localhost:9100', true],
  ['http://[::1]:9100', '[::1]:9100', true],
])('on loopback, Origin %s asking Host %s passes: %s', (origin, host, passes) => {
  const rules = new OriginRules({ origins: [], loopback: true })
  expect(rules.allows(origin, host)).toBe(passes)
})

test.each(['', 'proxy.local', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', '1.2.3'])(
  'refuses "%s" as a trusted proxy',
  (cidr) => {
    expect(() => new TrustedProxies([cidr])).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    )
  },
)

const proxies = new TrustedProxies([
  '10.0.0.0/8',
  '::ffff:192.168.0.0/112',
  'fd00::/8',
  '127.0.0.1',
])

function arrive(peer: string, ...headers: string[]): unknown {
  return proxies.read(peer, scanHeaders(['Host', 'inner', ...headers]))
}

test.each([
  ['a stranger is not believed', '8.8.8.8', ['X-Forwarded-For', '1.1.1.1'], '8.8.8.8'],
  ['a proxy is', '10.1.1.1', ['x-forwarded-for', '1.1.1.1'], '1.1.1.1'],
  ['a neighbour of a mapped range', '192.169.0.1', ['X-Forwarded-For', '1.1.1.1'], '192.169.0.1'],
  ['a mapped range holds', '192.168.0.9', ['X-Forwarded-For', '1.1.1.1:555'], '1.1.1.1'],
  ['forged hops on the left', '10.1.1.1', ['X-Forwarded-For', '9.9.9.9, 1.1.1.1'], '1.1.1.1'],
  ['a chain of proxies', '10.1.1.1', ['X-Forwarded-For', '9.9.9.9, 1.1.1.1, 10.2.2.2'], '1.1.1.1'],
  ['only proxies', '10.1.1.1', ['X-Forwarded-For', '10.3.3.3, 10.2.2.2'], '10.3.3.3'],
  ['garbage nearest', '10.1.1.1', ['X-Forwarded-For', '1.1.1.1, unknown'], '10.1.1.1'],
  ['garbage behind a proxy', '10.1.1.1', ['X-Forwarded-For', 'x, 10.2.2.2'], '10.2.2.2'],
  [
    'two header lines',
    '10.1.1.1',
    ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-For', '2.2.2.2'],
    '2.2.2.2',
  ],
  ['IPv6', 'fd00::1', ['X-Forwarded-For', '[2001:DB8::0:1]:443'], '2001:db8::1'],
  ['mapped IPv6', 'fd00::1', ['X-Forwarded-For', '::ffff:1.1.1.1'], '1.1.1.1'],
  ['nothing said', '10.1.1.1', [], '10.1.1.1'],
])('address behind proxies: %s [door/proxy/trusted]', (_case, peer, headers, address) => {
  expect(arrive(peer, ...headers)).toMatchObject({ address })
})

test('forwarded Host and protocol count from a proxy only [door/proxy/trusted]', () => {
  const forwarded = ['X-Forwarded-Host', 'a.example, mcp.example.com', 'X-Forwarded-Proto', 'HTTPS']
  expect(arrive('8.8.8.8', ...forwarded)).toMatchObject({ host: 'inner', protocol: 'http' })
  expect(arrive('10.1.1.1', ...forwarded)).toMatchObject({
    host: 'mcp.example.com',
    protocol: 'https',
  })
})
