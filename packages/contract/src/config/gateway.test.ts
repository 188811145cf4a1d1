import { expect, test } from 'vitest'
import { parseCidr, parseListen } from './address.ts'
import { gatewayConfig } from './gateway.ts'
import { configJsonSchema, rawConfigJsonSchema, type JsonSchema } from './json-schema.ts'
import { isMasterKey } from './store.ts'
import { parseDuration, parseRate, parseSize } from './units.ts'

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
  ['30', undefined],
  ['-5m', undefined],
  ['1.5h', undefined],
  ['5 m', undefined],
  ['5M', undefined],
  ['1h30m', undefined],
  ['9999999999999s', undefined],
])('%s is %s milliseconds [config/units]', (text, expected) => {
  expect(parseDuration(text)).toBe(expected)
})

test.each([
  ['64KiB', 65_536],
  ['1MiB', 1_048_576],
  ['10GiB', 10_737_418_240],
  ['512B', 512],
  ['1MB', undefined],
  ['1024', undefined],
  ['1 MiB', undefined],
])('%s is %s bytes [config/units]', (text, expected) => {
  expect(parseSize(text)).toBe(expected)
})

test.each([
  ['50/s', 50],
  ['0.5/s', 0.5],
  ['50/m', undefined],
  ['50', undefined],
  ['/s', undefined],
])('%s is %s per second [config/units]', (text, expected) => {
  expect(parseRate(text)).toBe(expected)
})

test.each([
  ['127.0.0.1:9100', '127.0.0.1', 9_100],
  ['localhost:0', '127.0.0.1', 0],
  ['[::1]:9100', '::1', 9_100],
  ['[0:0::1]:1', '::1', 1],
  ['[::ffff:127.0.0.1]:1', '127.0.0.1', 1],
  ['[::ffff:7f00:1]:1', '127.0.0.1', 1],
])('%s listens on %s, port %i', (text, host, port) => {
  expect(parseListen(text)).toEqual({ host, port })
})

test.each([3, 15])('fd:%i is a socket of the parent, whose address is not known yet', (fd) => {
  expect(parseListen(`fd:${fd}`)).toEqual({ host: '', port: 0, fd })
})

test.each([
  '127.0.0.1',
  '127.0.0.1:65536',
  '127.0.0.1:',
  ':9100',
  '::1:9100',
  '127.1:9100',
  '0x7f.0.0.1:9100',
  '127.0.0.01:9100',
  '256.0.0.1:1',
  'example.com:9100',
  '[127.0.0.1]:9100',
  '[::1%lo]:9100',
  'http://127.0.0.1:9100',
  'fd:2',
  'fd:16',
  'fd:',
  'fd:-3',
  'fd:3:9100',
])('%s is no address to listen on', (text) => {
  expect(parseListen(text)).toBeUndefined()
})

test.each([
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['10.0.0.1', '10.0.0.1/32'],
  ['FD00::/8', 'fd00::/8'],
  ['10.0.0.0/33', undefined],
  ['fd00::/129', undefined],
  ['proxy', undefined],
])('%s is the network %s', (text, expected) => {
  expect(parseCidr(text)).toBe(expected)
})

test.each([
  ['0123456789abcdef'.repeat(4), true],
  ['0123456789abcdef'.repeat(4).slice(1), false],
  [Buffer.alloc(32, 7).toString('base64'), true],
  [Buffer.alloc(32, 7).toString('base64url'), true],
  [Buffer.alloc(31, 7).toString('base64'), false],
  [Buffer.alloc(33, 7).toString('base64'), false],
])('%s as a master key: %s', (text, expected) => {
  expect(isMasterKey(text)).toBe(expected)
})

test('an empty file is a complete configuration [config/complete] [door/loopback-by-default]', () => {
  expect(gatewayConfig.parse({})).toEqual({
    version: 1,
    environment: 'local',
    listen: { host: '127.0.0.1', port: 9_100 },
    admin: { host: '127.0.0.1', port: 9_101 },
    allowedHosts: [],
    origins: [],
    trustedProxies: [],
    postgres: { poolMin: 0, poolMax: 10 },
    auth: {
      anonymous: false,
      requireTenant: false,
      tokens: [],
      issuers: {},
      login: {
        key: undefined,
        idleMs: 30 * 60_000,
        lifeMs: 12 * 3_600_000,
        tokenLifeMs: 3_600_000,
      },
    },
    servers: {},
    limits: {
      requestBytes: 1_048_576,
      resultBytes: 10_485_760,
      headerBytes: 16_384,
      depth: 64,
      requestMs: 30_000,
      connections: 10_000,
      connectionsPerAddress: 2_000,
      bufferedBytes: 134_217_728,
      callMs: 30_000,
      startMs: 60_000,
      drainMs: 20_000,
      stopDelayMs: 0,
      streamStallMs: 30_000,
      listTools: 1_000,
      perPrincipal: {
        ...{ rate: 200, burst: 400, concurrent: 64, daily: 1_000_000 },
        writes: { daily: 10_000 },
      },
      perTenant: { writes: {} },
      eventStreams: 32,
      restrictedViews: 1_000,
      lockout: { failures: 20, windowMs: 60_000, holdMs: 60_000 },
      session: {
        idleMs: 900_000,
        totalMs: 86_400_000,
        perPrincipalMax: 2_000,
        totalMax: 10_000,
      },
      questions: { timeoutMs: 300_000, perPrincipal: 8, total: 1_000 },
      results: { keepMs: 300_000 },
      idempotency: { keepMs: 86_400_000, perPrincipal: 10_000, resultBytes: 131_072 },
    },
    audit: {
      durability: 'process',
      enabled: true,
      keepMs: 7_776_000_000,
      maxBytes: 10_737_418_240,
    },
    metrics: { protect: false, perTool: false, perTenant: false },
    checklist: {
      folders: ['.'],
      scannedWithinMs: 31 * 86_400_000,
      objectives: { p95Ms: 500, memoryBytes: 1024 ** 3, rtoMs: undefined, rpoMs: undefined },
      drills: { everyMs: 92 * 86_400_000, calls: {} },
    },
    log: { access: false },
    groups: {},
    endpoints: {},
    roles: {},
    tenants: {},
    allowFrom: {},
    api: { addresses: [], commands: [], entries: 1_000 },
    names: 'full',
  })
})

test.each([
  ['command with url', { command: 'a', url: 'https://h/' }],
  ['neither', {}],
  ['headers on a child', { command: 'a', headers: {} }],
  ['arguments on a URL', { url: 'https://h/', args: [] }],
  ['a password in the URL', { url: 'https://u:p@h/' }],
  ['a file URL', { url: 'file:///x' }],
  ['a line break in a header', { url: 'https://h/', headers: { a: 'b\nc: d' } }],
  ['a header of ours', { url: 'https://h/', headers: { Host: 'x' } }],
  ['a hop-by-hop header', { url: 'https://h/', headers: { 'Proxy-Connection': 'x' } }],
  ['NUL in an argument', { command: 'a', args: ['\0'] }],
  ['a client’s roots for everybody', { command: 'a', roots: 'client', share: 'all' }],
  ['a client’s roots for a tenant', { command: 'a', roots: 'client', share: 'tenant' }],
  ['a root that is no file', { command: 'a', roots: ['https://h/'] }],
  ['a root without slashes', { command: 'a', roots: ['file:x'] }],
  ['an empty list of roots', { command: 'a', roots: [] }],
  ['too many roots', { command: 'a', roots: Array.from({ length: 101 }, () => 'file:///a') }],
  ['another word for roots', { command: 'a', roots: 'all' }],
  ['a certificate without its key', { url: 'https://h/', tls: { cert: './c.pem' } }],
  ['a key without its certificate', { url: 'https://h/', tls: { key: './k.pem' } }],
  ['a proxy for a child', { command: 'a', proxy: 'http://p:1' }],
  ['a proxy that is none of HTTP', { url: 'https://h/', proxy: 'socks5://p:1' }],
  ['a proxy with a path', { url: 'https://h/', proxy: 'http://p:1/x' }],
  ['a transport for a child', { command: 'a', transport: 'sse' }],
  ['an unknown transport', { url: 'https://h/', transport: 'websocket' }],
  ['no time to connect', { url: 'https://h/', connectTimeout: '99ms' }],
  ['no time to read', { url: 'https://h/', readTimeout: '999ms' }],
  [
    'a pin that contradicts itself',
    { command: 'a', tools: { t: { readOnly: true, destructive: true } } },
  ],
  ['a wait without end', { command: 'a', callTimeout: '2h' }],
  ['no wait at all', { command: 'a', callTimeout: '99ms' }],
])('a server with %s is refused [config/out-of-bounds]', (_case, entry) => {
  expect(gatewayConfig.safeParse({ mcpServers: { x: entry } }).success).toBe(false)
})

test.each(['Files', 'a_b', '-a', '', 'a'.repeat(33), 'sallyport', 'operator'])(
  '"%s" names no server',
  (name) => {
    expect(gatewayConfig.safeParse({ mcpServers: { [name]: { command: 'a' } } }).success).toBe(
      false,
    )
  },
)

test('timeouts of a server come from the limits unless it has its own', () => {
  const { servers } = gatewayConfig.parse({
    limits: { callTimeout: '7s', startTimeout: '9s' },
    mcpServers: { a: { command: 'a' }, ['b'.repeat(32)]: { command: 'b', callTimeout: '1s' } },
  })
  expect(Object.values(servers).map(({ callMs, startMs }) => [callMs, startMs])).toEqual([
    [7_000, 9_000],
    [1_000, 9_000],
  ])
})

test('a server is told of no roots, of those of its client, or of those listed [config/roots]', () => {
  const entry = (roots?: unknown): object => ({ command: 'a', ...(roots ? { roots } : {}) })
  const { servers } = gatewayConfig.parse({
    mcpServers: {
      a: entry(),
      b: entry('client'),
      c: { ...entry(['file:///srv/a b', 'file:///x']), share: 'all' },
      d: { ...entry(['file:///x']), share: 'tenant' },
    },
  })
  expect(Object.values(servers).map(({ roots, share }) => [roots, share])).toEqual([
    ['none', 'none'],
    ['client', 'none'],
    [['file:///srv/a%20b', 'file:///x'], 'all'],
    [['file:///x'], 'tenant'],
  ])
})

test('a remote server has ten seconds to connect and any time to read unless it says so', () => {
  const { servers } = gatewayConfig.parse({
    mcpServers: {
      a: { url: 'https://h/' },
      b: { url: 'https://h/', connectTimeout: '1s', readTimeout: '5s', transport: 'sse' },
      c: { url: 'https://h/', proxy: 'none' },
    },
  })
  expect(servers['a']).toMatchObject({ transport: 'auto', connectMs: 10_000, readMs: undefined })
  expect(servers['b']).toMatchObject({ transport: 'sse', connectMs: 1_000, readMs: 5_000 })
  expect(servers['c']).toMatchObject({ proxy: 'none' })
})

test('a token appears once, by name and by value', () => {
  const ok = (tokens: unknown): boolean => gatewayConfig.safeParse({ auth: { tokens } }).success
  expect(ok(['a', { name: 'ci', value: 'b' }])).toBe(true)
  expect(ok(['a', 'a'])).toBe(false)
  expect(
    ok([
      { name: 'ci', value: 'a' },
      { name: 'ci', value: 'b' },
    ]),
  ).toBe(false)
  expect(ok(['a', { name: 'token-1', value: 'b' }])).toBe(false)
  expect(ok(['a b'])).toBe(false)
})

test('secrets do not print [config/secrets]', () => {
  const config = gatewayConfig.parse({
    masterKey: '0123456789abcdef'.repeat(4),
    auth: { tokens: ['s3cret'] },
    mcpServers: {
      a: { command: 'a', env: { T: 's3cret' } },
      b: { url: 'https://h/', headers: { T: 's3cret' } },
      c: { url: 'https://h/', proxy: 'http://u:s3cret@p:1', tls: { cert: 'c', key: 's3cret' } },
    },
  })
  expect(JSON.stringify(config)).not.toMatch(/s3cret|0123456789/)
})

test.each([
  ['a ratio above one', { sampleRatio: 1.1 }],
  ['a negative ratio', { sampleRatio: -0.1 }],
  ['another protocol', { otlp: { url: 'grpc://c:4317' } }],
  ['a password in the URL', { otlp: { url: 'http://u:p@c:4318' } }],
  ['a line break in a header', { otlp: { headers: { a: 'b\nc: d' } } }],
  ['an unknown key', { url: 'http://c:4318' }],
  ['a bare flag', true],
])('tracing with %s is refused [config/out-of-bounds]', (_case, tracing) => {
  expect(gatewayConfig.safeParse({ tracing }).success).toBe(false)
})

test('tracing is off unless it is there, and empty takes the defaults', () => {
  expect(gatewayConfig.parse({}).tracing).toBeUndefined()
  expect(gatewayConfig.parse({ tracing: {} }).tracing).toEqual({
    otlp: { headers: {} },
    sampleRatio: 1,
  })
  const tracing = { otlp: { url: 'http://c:4318', headers: { k: 's3cret' } }, service: 'gw' }
  expect(JSON.stringify(gatewayConfig.parse({ tracing }))).not.toContain('s3cret')
})

test('every key is described, and every number has both bounds [config/out-of-bounds]', () => {
  const faults: string[] = []
  walk(rawConfigJsonSchema(), '', faults)
  expect(faults).toEqual([])
})

test('the schema for editors takes references and refuses what the file refuses [config/editor-schema]', () => {
  const { properties } = configJsonSchema() as { properties: Record<string, JsonSchema> } // as generated
  expect(properties['environment']?.['anyOf']).toContainEqual({ type: 'string', pattern: '\\$\\{' })
  expect(JSON.stringify(configJsonSchema())).not.toContain('x-kind')
  expect(configJsonSchema()['additionalProperties']).toBe(false)
})

function walk(schema: JsonSchema, path: string, faults: string[]): void {
  if (schema['type'] === 'integer' || schema['type'] === 'number') {
    const bounded = schema['minimum'] !== undefined && schema['maximum'] !== undefined
    if (!bounded && schema['const'] === undefined) faults.push(`${path} has no bounds`)
  }
  const { properties, items, additionalProperties } = schema
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (!value.description && !value.$ref) faults.push(`${path}.${key} has no description`)
    walk(value, `${path}.${key}`, faults)
  }
  const parts = [items, additionalProperties, ...listOf(schema['anyOf'])]
  for (const part of [...parts, ...Object.values(schema['$defs'] ?? {})]) {
    if (typeof part === 'object' && part !== null) walk(part as JsonSchema, `${path}[]`, faults) // a schema
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

test.each([
  [{ url: 'https://s.example/mcp', identity: 'assert', share: 'all' }, 'has no one caller'],
  [{ command: 'server', identity: 'assert' }, 'belongs to a server with `url`'],
  [{ url: 'https://s.example/mcp', identity: 'none' }, 'assert'],
])('a server that is told who calls is a remote one that nobody shares: %j', (entry, sentence) => {
  const result = gatewayConfig.safeParse({ mcpServers: { one: entry } })
  expect(result.error?.issues.map(({ message }) => message).join()).toContain(sentence)
})
