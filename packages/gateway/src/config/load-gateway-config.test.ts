import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadGatewayConfig, validateConfig, type GatewayConfigLoad } from './load-gateway-config.ts'
import { judgeAuthentication } from './rules.ts'
import { starterConfig } from './starter.ts'
import { TestingFolder } from './testing-folder.ts'

const TOKEN = 'Zk3vQ9xLw7Rt2Yb8Nc4Hd6Jf1Gm5Ps0A'
const MASTER = '0123456789abcdef'.repeat(4)
const PATH = process.env['PATH']

function load(text: string, env: Record<string, string> = {}): GatewayConfigLoad {
  using folder = new TestingFolder()
  const file = folder.write('sallyport.yaml', text)
  return loadGatewayConfig({ source: { kind: 'file', file }, env, cwd: folder.path })
}

function told({ problems }: GatewayConfigLoad): string[] {
  return problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`)
}

test('one check names every misspelt key, unset variable and missing program at once [config/problems] [config/unknown-key]', () => {
  using folder = new TestingFolder()
  const file = folder.write(
    'sallyport.yaml',
    `lisen: 127.0.0.1:9100
limits:
  requestByte: 1MiB
mcpServers:
  files:
    comand: sallyport-no-such-program
    tools: { list: { readOnyl: true } }
    env: { TOKEN: "\${env:SALLYPORT_TEST_UNSET}" }
`,
  )
  const source = { kind: 'file', file } as const
  const checked = validateConfig({ source, env: { PATH }, cwd: folder.path })
  expect(
    checked.problems.map(({ file: at, line, column, path, message, remedy }) => [
      at === file,
      line,
      column,
      path,
      message,
      remedy,
    ]),
  ).toEqual([
    [true, 1, 1, 'lisen', 'unknown key `lisen`, did you mean `listen`?', 'rename it to `listen`'],
    [
      true,
      3,
      3,
      'limits.requestByte',
      'unknown key `requestByte`, did you mean `requestBytes`?',
      'rename it to `requestBytes`',
    ],
    [
      true,
      6,
      5,
      'mcpServers.files.comand',
      'unknown key `comand`, did you mean `command`?',
      'rename it to `command`',
    ],
    [
      true,
      6,
      5,
      'mcpServers.files.comand',
      'no executable of that name is on PATH',
      'install it or correct the name',
    ],
    [
      true,
      7,
      22,
      'mcpServers.files.tools.list.readOnyl',
      'unknown key `readOnyl`, did you mean `readOnly`?',
      'rename it to `readOnly`',
    ],
    [
      true,
      8,
      19,
      'mcpServers.files.env.TOKEN',
      'the environment variable SALLYPORT_TEST_UNSET is not set',
      'set SALLYPORT_TEST_UNSET in the environment or in the .env beside the file',
    ],
  ])
})

test('the examples and the starter file pass the check [config/samples]', () => {
  for (const example of ['quickstart', 'endpoints']) {
    const file = fileURLToPath(
      new URL(`../../../../examples/${example}/sallyport.yaml`, import.meta.url),
    )
    const checked = validateConfig({ source: { kind: 'file', file }, env: { PATH }, cwd: '/' })
    expect([checked.ok, checked.problems]).toEqual([true, []])
  }
  expect(told(load(starterConfig()))).toEqual([])
})

test.each([
  [
    'anonymous beyond loopback',
    'listen: 0.0.0.0:9100\npublicUrl: https://x.example.com\nauth: { anonymous: true }',
    ['error auth.anonymous: `listen` is not on loopback and would be without authentication'],
  ],
  [
    'an IPv4-mapped address that is not loopback',
    'listen: "[::ffff:10.0.0.1]:9100"\nauth: { anonymous: true }\npublicUrl: https://x.example.com',
    ['error auth.anonymous: `listen` is not on loopback and would be without authentication'],
  ],
  [
    'a short token',
    'auth: { tokens: [k3vQ9xLw7Rt2Yb8Nc4Hd6Jf1Gm5Ps0A] }',
    ['error auth.tokens[0]: the token is shorter than 32 characters (31)'],
  ],
  [
    'a placeholder',
    'auth: { tokens: [{ name: ci, value: your-token-goes-here-0123456789abcdef }] }',
    ['error auth.tokens[0]: the token looks like a placeholder'],
  ],
  [
    'a short login key',
    'auth: { login: { key: k3vQ9xLw7Rt2Yb8Nc4Hd6Jf1Gm5Ps0A } }',
    ['error auth.login.key: the key is shorter than 32 characters (31)'],
  ],
  [
    'a placeholder among two login keys',
    'auth: { login: { key: [k3vQ9xLw7Rt2Yb8Nc4Hd6Jf1Gm5Ps0Ab, your-key-goes-here-0123456789abcdef] } }',
    ['error auth.login.key[1]: the key looks like a placeholder'],
  ],
  [
    'PostgreSQL without a master key',
    'store: postgres://127.0.0.1/x',
    ['error masterKey: a PostgreSQL store needs a master key'],
  ],
  [
    'one address for both',
    'admin: 127.0.0.1:9100',
    ['error admin: `listen` and `admin` are the same address'],
  ],
  [
    'one port on every address and on loopback',
    'listen: "[::]:9100"\nadmin: 127.0.0.1:9100\npublicUrl: https://x.example.com',
    ['error admin: `listen` and `admin` are the same address'],
  ],
  [
    'keys of later parts',
    'mcpServers: {}\npolicies: []',
    ['error policies: unknown key `policies`'],
  ],
])(
  '%s is refused [config/refuse/anonymous] [config/refuse/weak-token] [store/master-key/postgres]',
  (_case, text, expected) => {
    const result = load(text)
    expect([result.ok, told(result)]).toEqual([false, expected])
  },
)

test.each([
  ['127.0.0.2:9100', true],
  ['"[::1]:9100"', true],
  ['"[::ffff:127.0.0.1]:9100"', true],
  ['localhost:9100', true],
  ['"[::]:9100"', false],
  ['10.0.0.1:9100', false],
])('anonymous on %s starts: %s [config/refuse/anonymous] [config/loopback]', (listen, starts) => {
  expect(load(`listen: ${listen}\nauth: { anonymous: true }`).ok).toBe(starts)
})

test('a listener beyond loopback without an https publicUrl is a warning that names it [config/warn/cleartext]', () => {
  const result = load(`listen: 0.0.0.0:9100\nauth: { tokens: [${TOKEN}] }`)
  expect(result.ok).toBe(true)
  expect(told(result)).toEqual([
    'warning listen: `listen` is not on loopback and there is no https `publicUrl`: keys may travel in the clear',
  ])
  expect(told(load('listen: 0.0.0.0:9100\npublicUrl: https://mcp.example.com'))).toEqual([])
})

test('an audit log that is switched off is a warning [config/warn/no-audit]', () => {
  expect(told(load('audit: { enabled: false }'))).toEqual([
    'warning audit.enabled: the audit log is off, so nothing records who called what',
  ])
})

test('a listener beyond loopback starts only with a token or a key [config/refuse/open]', () => {
  const open = load('listen: 0.0.0.0:9100')
  const inside = load('listen: 127.0.0.1:9100')
  if (!open.ok || !inside.ok) throw new Error('both load')
  expect(judgeAuthentication(open.config, 0)).toMatch(
    /^`listen` is not on loopback and has no auth/,
  )
  expect(judgeAuthentication(open.config, 1)).toBeUndefined()
  expect(judgeAuthentication(inside.config, 0)).toBeUndefined()
})

test('paths start at the folder of the file, and a store that is not named has a folder of its own [config/paths]', () => {
  using folder = new TestingFolder()
  const cwd = folder.path
  const env = { XDG_STATE_HOME: join(cwd, 'state') }
  const of = (name: string, text: string): GatewayConfigLoad =>
    loadGatewayConfig({ source: { kind: 'file', file: folder.write(name, text) }, env, cwd: '/' })
  const named = of(
    'a/sallyport.yaml',
    `store: sqlite:./d/x.db
mcpServers:
  one: { command: ./run, cwd: sub }
  two: { url: "https://h.example.com/mcp", tls: { ca: ca.pem, cert: ./c.pem, key: /k.pem } }
`,
  )
  expect(named).toMatchObject({
    ok: true,
    config: {
      store: `sqlite:${join(cwd, 'a/d/x.db')}`,
      servers: {
        one: { command: join(cwd, 'a/run'), cwd: join(cwd, 'a/sub') },
        two: { tls: { ca: join(cwd, 'a/ca.pem') } },
      },
    },
  })
  const two = named.ok ? named.config.servers['two'] : undefined
  const tls = two?.kind === 'http' ? two.tls : undefined
  expect([tls?.cert, tls?.key?.reveal()]).toEqual([join(cwd, 'a/c.pem'), '/k.pem'])
  const stores = ['b/sallyport.yaml', 'c/sallyport.yaml', 'b/sallyport.yaml'].map((name) => {
    const result = of(name, 'version: 1')
    return result.ok ? result.config.store : undefined
  })
  expect(stores[0]).toMatch(
    new RegExp(`^sqlite:${cwd}/state/sallyport/[0-9a-f]{16}/sallyport\\.db$`),
  )
  expect([stores[1] === stores[0], stores[2] === stores[0]]).toEqual([false, true])
})

test('the master key may come from the environment, two while it is rotated', () => {
  const text = 'store: postgres://127.0.0.1/x'
  const keys = (env: Record<string, string>): unknown => {
    const result = load(text, env)
    return result.ok ? result.config.masterKey?.map((key) => key.reveal()) : told(result)
  }
  expect(keys({ SALLYPORT_MASTER_KEY: `${MASTER}, ${MASTER}` })).toEqual([MASTER, MASTER])
  expect(keys({ SALLYPORT_MASTER_KEY: 'short' })).toEqual([
    expect.stringMatching(/^error masterKey: SALLYPORT_MASTER_KEY is not 32 bytes/),
  ])
})

test('a key that is nearly ours does not turn our file into a client’s', () => {
  expect(told(load('lisen: 127.0.0.1:1\nmcpServers: { a: { command: node } }'))).toEqual([
    'error lisen: unknown key `lisen`, did you mean `listen`?',
  ])
})

const TLS = fileURLToPath(new URL('../../test/fixtures/upstreams/tls/', import.meta.url))
const CERTIFICATE = readFileSync(join(TLS, 'localhost.pem'), 'utf8')
const KEY = readFileSync(join(TLS, 'localhost-key.pem'), 'utf8')

/** What `validate` says of the `tls` of one server; `files` stand beside the configuration. */
function toldOfTls(tls: Record<string, string>, files: Record<string, string> = {}): string[] {
  using folder = new TestingFolder()
  const server = { url: 'https://h.example.com/mcp', tls }
  const file = folder.write(
    'sallyport.yaml',
    JSON.stringify({ version: 1, mcpServers: { b: server } }),
  )
  for (const [name, text] of Object.entries(files)) folder.write(name, text)
  return told(validateConfig({ source: { kind: 'file', file }, env: { PATH }, cwd: '/' }))
}

function otherKey(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const plain = { type: 'pkcs8', format: 'pem' } as const
  const locked = { ...plain, cipher: 'aes-256-cbc', passphrase: passphrase ?? '' }
  return privateKey.export(passphrase === undefined ? plain : locked).toString()
}

const DAMAGED = CERTIFICATE.replace(/\n[A-Za-z0-9+/]{20}/, '\n')

test.each([
  [
    'the configuration itself',
    { ca: './sallyport.yaml' },
    ['ca: the file holds no PEM certificate'],
  ],
  ['a folder', { ca: '.' }, ['ca: the certificate file cannot be read']],
  ['a key', { ca: './key.pem' }, ['ca: the file holds no PEM certificate']],
  ['a damaged second one', { ca: './bundle.pem' }, ['ca: certificate 2 of the file is damaged']],
  ['half a block', { ca: CERTIFICATE.slice(0, 200) }, ['ca: the text holds no PEM certificate']],
  [
    'the key for the certificate and the other way round',
    { cert: './key.pem', key: './cert.pem' },
    ['cert: the file holds no PEM certificate', 'key: the file holds no PEM private key'],
  ],
  [
    'another key',
    { cert: './cert.pem', key: './other.pem' },
    ['key: it is not the key of `tls.cert`'],
  ],
  [
    'a locked key',
    { cert: './cert.pem', key: './locked.pem' },
    ['key: the private key of the file is encrypted'],
  ],
  [
    'a damaged key',
    { cert: './cert.pem', key: './damaged.pem' },
    ['key: the private key of the file is damaged'],
  ],
])(
  '%s where a certificate or its key belongs is refused [config/tls-files]',
  (_case, tls, expected) => {
    const files = {
      'key.pem': KEY,
      'cert.pem': CERTIFICATE,
      'bundle.pem': `a note\n${CERTIFICATE}${DAMAGED}`,
      'other.pem': otherKey(),
      'locked.pem': otherKey('secret'),
      'damaged.pem': KEY.replace(/\n[A-Za-z0-9+/]{20}/, '\n'),
    }
    expect(toldOfTls(tls, files)).toEqual(expected.map((text) => `error mcpServers.b.tls.${text}`))
  },
)

test('certificates and their key are fine as files, as bundles with notes and as text [config/tls-files]', () => {
  const files = { 'ca.pem': `a n\u00f6te\n${CERTIFICATE}\n# next\n${CERTIFICATE}`, 'k.pem': KEY }
  expect(toldOfTls({ ca: 'ca.pem', cert: CERTIFICATE, key: './k.pem' }, files)).toEqual([])
})

test.each([
  ['in the clear', '', {}, 1],
  ['through a proxy in the clear', ', proxy: "http://p:1"', {}, 1],
  ['without a proxy', ', proxy: none', { HTTP_PROXY: 'https://p:1' }, 1],
  ['through an https proxy', ', proxy: "https://p:1"', {}, 0],
  ['through the https proxy of the environment', '', { http_proxy: 'https://p:1' }, 0],
])(
  'tls for an http address %s: %s %s %s faults [config/no-effect]',
  (_case, proxy, env, faults) => {
    const result = load(
      `mcpServers: { b: { url: "http://h.example.com/mcp", tls: { ca: ca.pem }${proxy} } }`,
      env,
    )
    const message = '`tls` has no effect on an `http://` address, which is spoken to in the clear'
    expect(told(result)).toEqual(faults === 0 ? [] : [`error mcpServers.b.tls: ${message}`])
  },
)

test('a root that names another machine is a warning at its item [config/no-effect]', () => {
  const roots = '["file:///srv", "file://srv/shared", "file://localhost/srv"]'
  expect(told(load(`version: 1\nmcpServers: { b: { command: node, roots: ${roots} } }`))).toEqual([
    'warning mcpServers.b.roots[1]: the URI names a folder of another machine',
  ])
})

test.each([
  ['[/tmp]', 'roots[0]: expected a `file://` URI, got text of 4 characters'],
  ['["file:///a", "https://x"]', 'roots[1]: expected a `file://` URI, got text of 9 characters'],
  [
    '"file:///a"',
    'roots: expected `none`, `client` or a list of `file://` URIs, got text of 9 characters',
  ],
  ['[]', 'roots: must be a list of at least 1, got a list of 0'],
])('roots: %s is refused, naming the item and the form [config/problems]', (roots, expected) => {
  expect(told(load(`version: 1\nmcpServers: { b: { command: node, roots: ${roots} } }`))).toEqual([
    `error mcpServers.b.${expected}`,
  ])
})

test.each([
  ['listen: 9100', 'expected an IP address with a port, or localhost with a port, got a number'],
  [
    'limits: { callTimeout: 30 }',
    'expected a duration such as `30s` (ms, s, m, h or d), got a number without unit',
  ],
  ['origins: [true]', 'expected an origin, got `true`'],
  ['auth: { tokens: [7] }', 'expected a token as text, or `{ name, value }`, got a number'],
  ['masterKey: 7', 'expected one key as text, or a list of two, got a number'],
  [
    'mcpServers: { b: { command: node, roots: 7 } }\nversion: 1',
    'expected `none`, `client` or a list of `file://` URIs, got a number',
  ],
])('%s is told the form and what came instead [config/problems]', (text, expected) => {
  const { problems } = load(text)
  expect(problems.map(({ message, remedy }) => [message, remedy])).toEqual([
    [expected, 'write it in that form'],
  ])
})

test('a header of our own is to be removed, not renamed', () => {
  const server = '{ url: "https://h.example.com/mcp", headers: { Host: x, "a b": y } }'
  const { problems } = load(`version: 1\nmcpServers: { b: ${server} }`)
  expect(problems.map(({ message, remedy }) => `${message}; ${remedy}`)).toEqual([
    'this header is set by the gateway; remove it',
    'this is not a name for a header; rename it',
  ])
})

test('a missing folder, program or certificate is found without starting anything [config/lookups]', () => {
  using folder = new TestingFolder()
  const file = folder.write(
    'sallyport.yaml',
    `version: 1
mcpServers:
  a: { command: ./missing, cwd: nowhere }
  b: { url: "https://h.example.com/mcp", tls: { ca: ca.pem, cert: c.pem, key: k.pem } }
  c: { command: tool, env: { PATH: /nowhere } }
`,
  )
  folder.write('tool', '')
  const result = validateConfig({ source: { kind: 'file', file }, env: { PATH }, cwd: '/' })
  expect(told(result)).toEqual([
    'error mcpServers.a.command: no executable of that name is at this path',
    'error mcpServers.a.cwd: there is no such folder',
    'error mcpServers.b.tls.ca: the certificate file cannot be read',
    'error mcpServers.b.tls.cert: the certificate file cannot be read',
    'error mcpServers.b.tls.key: the key file cannot be read',
    'error mcpServers.c.command: no executable of that name is on PATH',
  ])
})
