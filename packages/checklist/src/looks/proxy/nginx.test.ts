import { expect, test } from 'vitest'
import { routeThrough, timeOf } from './nginx-route.ts'
import { sitesOf } from './nginx-sites.ts'
import { NginxFault, parseNginx } from './nginx-syntax.ts'
import type { ProxyPlace, ProxySite } from './site.ts'

const PLACE: ProxyPlace = {
  ...{ file: '/etc/nginx/nginx.conf', inside: '/etc/nginx/nginx.conf', variables: {} },
  show: (path) => path,
  locate: (path) => ({ kind: 'here', path }),
}

function siteOf(text: string): ProxySite {
  const [site] = sitesOf(parseNginx(text, 'n'), PLACE)
  if (site === undefined) throw new Error('there is no server')
  return site
}

/** Where MCP goes in a server of these lines. */
function hostOf(lines: string, path = '/mcp'): string | undefined {
  return siteOf(`server { ${lines} }`).route(path)?.upstreams[0]?.host
}

test('words, quotes, variables with braces, comments and lines are read as nginx does', () => {
  const text = 'a "b;c" \'d\'; # e {\nlog_format x \'{"k":\n"$v"}\';\nset $y "q\\"r"; z ${n}_1;'
  expect(parseNginx(text, 'n')).toEqual([
    { name: 'a', args: ['b;c', 'd'], at: 'n:1', block: undefined },
    { name: 'log_format', args: ['x', '{"k":\n"$v"}'], at: 'n:2', block: undefined },
    { name: 'set', args: ['$y', 'q"r'], at: 'n:4', block: undefined },
    { name: 'z', args: ['${n}_1'], at: 'n:4', block: undefined },
  ])
})

test.each([
  ['server {', 'n:1 lacks its `}`'],
  ['a;\n}', 'n:2 has a `}` too many'],
  ['a "b;', 'n:1 opens a quote that never ends'],
  ['listen 80\nserver { }', 'n:1 is not ended by `;`'],
  ['server { a }', 'n:1 is not ended by `;`'],
  ['{'.repeat(40), 'n nests deeper than 32'],
])('%j is refused with its line', (text, sentence) => {
  expect(() => parseNginx(text, 'n')).toThrow(new NginxFault(sentence))
})

test.each([
  ['location / { proxy_pass http://a; }', 'a'],
  ['location / { proxy_pass http://a; } location /mcp { proxy_pass http://b; }', 'b'],
  ['location = /mcp { proxy_pass http://a; } location /mcp { proxy_pass http://b; }', 'a'],
  ['location /m { proxy_pass http://a; } location ~ ^/mc { proxy_pass http://b; }', 'b'],
  ['location ^~ /m { proxy_pass http://a; } location ~ ^/mc { proxy_pass http://b; }', 'a'],
  ['location ~* ^/MCP$ { proxy_pass http://a; }', 'a'],
  ['location / { location /mcp { proxy_pass http://b; } proxy_pass http://a; }', 'b'],
  ['set $up x.example:9; location / { proxy_pass http://$up; }', 'x.example'],
  ['location / { proxy_pass http://a; } location /mcp { return 404; }', undefined],
  ['location /other { proxy_pass http://a; }', undefined],
  ['return 308 https://x; location / { proxy_pass http://a; }', undefined],
])('of %s MCP goes to %s', (lines, host) => {
  expect(hostOf(lines)).toBe(host)
})

test('a header set further in takes away those set further out', () => {
  const lines = (inner: string): string =>
    `proxy_set_header Host $host; location / { proxy_pass http://a; ${inner} }`
  const route = (inner: string) => siteOf(`server { ${lines(inner)} }`).route('/mcp')
  expect(route('')?.host).toEqual({ value: 'passed', at: 'n:1' })
  expect(route('proxy_set_header X-A b;')?.host.value).toBe('replaced')
  expect(route('proxy_set_header Authorization $http_authorization;')?.authorization.value).toBe(
    'passed',
  )
  expect(route('proxy_pass_request_headers off;')?.authorization.value).toBe('dropped')
})

test('groups give every address that is not down, with its own line', () => {
  const text = `upstream g {\n server a:1;\n server b:2 backup;\n server c:3 down;\n}\nserver {\n listen [::]:8443 ssl; listen unix:/x; location / { proxy_pass https://g/x; } }`
  const site = siteOf(text)
  expect(site.listens).toEqual([{ port: 8_443, isTls: true, at: 'n:7' }])
  expect(site.route('/mcp')?.upstreams).toEqual([
    { scheme: 'https', host: 'a', port: 1, isBackup: false, at: 'n:2' },
    { scheme: 'https', host: 'b', port: 2, isBackup: true, at: 'n:3' },
  ])
})

test('what nobody set is as nginx has it: collected, cut after a minute, another Host', () => {
  const route = siteOf('server { location / { proxy_pass http://a; } }').route('/mcp')
  expect(route).toMatchObject({
    buffering: { value: true },
    silenceMs: { value: 60_000 },
    host: { value: 'replaced' },
    authorization: { value: 'passed' },
    layers: [],
  })
  expect(routeThrough([[]], [])).toBeUndefined()
})

test.each([
  ['30', 30_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['1d', 86_400_000],
])('%s is %i milliseconds', (text, ms) => {
  expect(timeOf(text)).toBe(ms)
})
