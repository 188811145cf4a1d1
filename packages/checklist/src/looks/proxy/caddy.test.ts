import { expect, test } from 'vitest'
import { caddySites } from './caddy-sites.ts'
import { CaddyFault, parseCaddyfile } from './caddy-syntax.ts'
import type { ProxyPlace, ProxySite } from './site.ts'

const PLACE: ProxyPlace = {
  ...{ file: '/etc/caddy/Caddyfile', inside: '/etc/caddy/Caddyfile', variables: {} },
  show: (path) => path,
  locate: (path) => ({ kind: 'here', path }),
}

function sitesOf(text: string, variables = {}): readonly ProxySite[] {
  return caddySites(parseCaddyfile(text, 'c', variables), PLACE)
}

test('the smallest file is a site on https, to which plain HTTP is sent on', () => {
  const [site] = sitesOf('mcp.example.com {\n  reverse_proxy 127.0.0.1:9100\n}\n')
  expect(site).toMatchObject({
    program: 'caddy',
    names: ['mcp.example.com'],
    listens: [
      { port: 443, isTls: true },
      { port: 80, isTls: false },
    ],
  })
  expect(site?.route('/mcp')).toMatchObject({
    at: 'c:2',
    upstreams: [{ scheme: 'http', host: '127.0.0.1', port: 9_100, isBackup: false }],
    buffering: { value: false },
    silenceMs: { value: Infinity },
    authorization: { value: 'passed' },
    host: { value: 'passed' },
  })
})

test('a file without braces is one site', () => {
  const [site] = sitesOf('localhost\nreverse_proxy :9100\n')
  expect(site?.names).toEqual(['localhost'])
  expect(site?.route('/mcp')?.upstreams[0]).toMatchObject({ host: 'localhost', port: 9_100 })
})

test.each([
  ['http://a.example', [[80, false]]],
  [
    'https://a.example:8443',
    [
      [8_443, true],
      [80, false],
    ],
  ],
  [':8080', [[8_080, false]]],
  [':443', [[443, true]]],
])('%s listens on %j', (address, listens) => {
  const [site] = sitesOf(`${address} {\n  reverse_proxy :1\n}`)
  expect(site?.listens.map(({ port, isTls }) => [port, isTls])).toEqual(listens)
})

test.each([
  ['reverse_proxy /mcp* a:1\nreverse_proxy b:1', 'a'],
  ['handle /mcp {\nreverse_proxy a:1\n}\nhandle {\nreverse_proxy b:1\n}', 'a'],
  ['@m path /mcp /sse\nreverse_proxy @m a:1\nreverse_proxy b:1', 'a'],
  ['@m {\npath /other\n}\nreverse_proxy @m a:1', undefined],
  ['reverse_proxy {\nto a:1 b:2\n}', 'a'],
  ['import up', 'a'],
])('of %j MCP goes to %s', (lines, host) => {
  const [site] = sitesOf(`(up) {\nreverse_proxy a:1\n}\nx.example {\n${lines}\n}`)
  expect(site?.route('/mcp')?.upstreams[0]?.host).toBe(host)
})

test('what changes requests and answers is found with its line', () => {
  const [site] = sitesOf(
    `{\n servers {\n  timeouts {\n   write 20s\n  }\n }\n}\nx.example {
 tls a.pem "b c.key" {\n  protocols tls1.0\n  client_auth\n }
 basicauth /x {\n }
 reverse_proxy https://{$UP:h}:9 {\n  header_up -authorization\n  header_up Host y\n  response_buffers 1MB\n  transport http {\n   read_timeout 1m30s\n  }\n }\n}`,
  )
  expect(site?.oldVersions).toEqual([{ value: 'tls1.0', at: 'c:10' }])
  expect(site?.keyFiles.map(({ said, place }) => [said, place])).toEqual([
    ['a.pem', { kind: 'here', path: '/etc/caddy/a.pem' }],
    ['b c.key', { kind: 'here', path: '/etc/caddy/b c.key' }],
  ])
  expect(site?.route('/mcp')).toMatchObject({
    upstreams: [{ scheme: 'https', host: 'h', port: 9 }],
    authorization: { value: 'dropped', at: 'c:16' },
    host: { value: 'replaced', at: 'c:17' },
    buffering: { value: true, at: 'c:18' },
    silenceMs: { value: 20_000, at: 'c:4' },
    layers: [
      { value: 'client_auth', at: 'c:9' },
      { value: 'basicauth', at: 'c:13' },
    ],
  })
})

test.each([
  ['a {\nb', 'c:1 lacks its `}`'],
  ['a\n}', 'c:2 has a `}` too many'],
  ['a "b', 'c:1 opens a quote that never ends'],
])('%j is refused with its line', (text, sentence) => {
  expect(() => parseCaddyfile(text, 'c', {})).toThrow(new CaddyFault(sentence))
})
