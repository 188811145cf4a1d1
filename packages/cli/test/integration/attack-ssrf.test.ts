import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, type Canary, codeOf, startCanary } from '../fixtures/attack.ts'
import type { Answer } from '../fixtures/send.ts'
import { callTool, failureOf, textOf } from '../fixtures/wire.ts'

/** The one address of this machine that servers may be at; the canary is at another one, on the same port. */
const ALLOWED = '127.0.0.2'
const PRELOAD = fileURLToPath(new URL('../fixtures/servers/fake-names.ts', import.meta.url))
const NAMES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'good.attack.test': [[ALLOWED]],
  'loopback.attack.test': [['127.0.0.1']],
  'other-loopback.attack.test': [['127.8.8.8']],
  'six.attack.test': [['::1']],
  'mapped.attack.test': [['::ffff:127.0.0.1']],
  'mapped-hex.attack.test': [['::ffff:7f00:1']],
  'translated.attack.test': [['64:ff9b::7f00:1']],
  'six-to-four.attack.test': [['2002:7f00:1::']],
  'metadata.attack.test': [['169.254.169.254']],
  'metadata-six.attack.test': [['fd00:ec2::254']],
  'private.attack.test': [['10.0.0.1']],
  'any.attack.test': [['0.0.0.0']],
  'any-six.attack.test': [['::']],
  'mixed.attack.test': [[ALLOWED, '127.0.0.1']],
  'mixed-behind.attack.test': [['127.0.0.1', ALLOWED]],
  'rebinding.attack.test': [[ALLOWED], ['127.0.0.1']],
  'slow-rebinding.attack.test': [[ALLOWED], [ALLOWED], [ALLOWED], ['127.0.0.1']],
  'nothing.attack.test': [[]],
}

let attacked: Attacked
let canary: Canary
/** A server of the attacker at the allowed address, on the canary's port. */
let evil: Server
let serve: RequestListener = () => undefined
beforeAll(async () => {
  canary = await startCanary()
  evil = createServer((request, response) => serve(request, response))
  evil.listen(canary.port, ALLOWED)
  await once(evil, 'listening')
  attacked = await Attacked.start({
    config: { api: { addresses: [`${ALLOWED}/32`] } },
    env: {
      NODE_OPTIONS: `--import ${PRELOAD}`,
      FAKE_NAMES: JSON.stringify(NAMES),
      HTTP_PROXY: canary.url,
      http_proxy: canary.url,
      ALL_PROXY: canary.url,
    },
  })
})
afterAll(async () => {
  await attacked[Symbol.asyncDispose]()
  evil.closeAllConnections()
  evil.close()
  await canary[Symbol.asyncDispose]()
})

let servers = 0
/** Adds a server over the API, as the one who may. */
async function add(definition: object): Promise<{ name: string; answer: Answer }> {
  servers += 1
  const name = `added-${servers}`
  const body = { name, definition }
  return { name, answer: await attacked.api('root', 'POST', '/api/v1/servers', { body }) }
}

/** Does all that makes the gateway connect to a server. */
async function reach(name: string): Promise<string[]> {
  const turn = (verb: string) =>
    attacked.api('root', 'POST', `/api/v1/servers/${name}/${verb}`, { body: {} })
  const answers = [
    await callTool(attacked.target('root'), `${name}__echo`, { a: 1 }),
    await callTool(attacked.target('root', `/servers/${name}/mcp`), `${name}__echo`, { a: 1 }),
    await turn('start'),
    await turn('warm'),
    await turn('check'),
  ]
  return answers.map((answer) => failureOf(answer)?.code ?? codeOf(answer) ?? textOf(answer))
}

/** Answers as an MCP server without sessions does. */
function honest(): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as {
        id?: unknown
        method?: string
      } // of the gateway
      if (id === undefined) return void response.writeHead(202).end()
      const results: Readonly<Record<string, object>> = {
        initialize: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 'evil', version: '1' },
        },
        'tools/list': { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] },
        'tools/call': { content: [{ type: 'text', text: 'honest' }] },
      }
      const result = results[method ?? '']
      const error = { code: -32601, message: 'Method not found' }
      response.setHeader('content-type', 'application/json')
      // Each call on a connection of its own, so that each one is looked up.
      response.setHeader('connection', 'close')
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(result ? { result } : { error }) }))
    })
  }
}

test('a server at the allowed address is reached, by address and by name: what follows fails for its own reason', async () => {
  serve = honest()
  for (const host of [ALLOWED, 'good.attack.test']) {
    const { name, answer } = await add({ url: `http://${host}:${canary.port}/mcp` })
    expect(answer.status).toBe(201)
    expect(textOf(await callTool(attacked.target('root'), `${name}__echo`))).toBe('honest')
  }
  expect(canary.visits()).toBe(0)
})

/** Hosts of a URL; `<port>` is the canary's. All are refused when they are added. */
const HOSTS = [
  '127.0.0.1:<port>',
  '127.0.0.1',
  '127.1:<port>',
  '127.8.8.8:<port>',
  '2130706433:<port>',
  '0x7f000001:<port>',
  '0x7f.0x0.0x0.0x1:<port>',
  '0177.0.0.1:<port>',
  '017700000001:<port>',
  '127.0.0.1.:<port>',
  '%31%32%37.0.0.1:<port>',
  '１２７.０.０.１:<port>',
  '127。0。0。1:<port>',
  '①②⑦.0.0.1:<port>',
  'localhost:<port>',
  'LOCALHOST:<port>',
  'localhost.:<port>',
  'evil.localhost:<port>',
  'ｌocalhost:<port>',
  '0.0.0.0:<port>',
  '0:<port>',
  '[::1]:<port>',
  '[0:0:0:0:0:0:0:1]:<port>',
  '[::]:<port>',
  '[::ffff:127.0.0.1]:<port>',
  '[::ffff:7f00:1]:<port>',
  '[::127.0.0.1]:<port>',
  '[64:ff9b::127.0.0.1]:<port>',
  '[64:ff9b:1::7f00:1]:<port>',
  '[2002:7f00:1::]:<port>',
  '[2001:0:7f00:1::]:<port>',
  '[fe80::1]:<port>',
  '[fe80::1%25lo]:<port>',
  '[fc00::1]:<port>',
  '[fd00:ec2::254]',
  '[fec0::1]',
  '[ff02::1]',
  '169.254.169.254',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '2852039166',
  '0xa9fea9fe',
  '169.254.43518',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  'good@127.0.0.1:<port>',
  'good.attack.test@127.0.0.1:<port>',
  'good.attack.test#@127.0.0.1:<port>',
  '127.0.0.1:<port>#good.attack.test',
  '127.0.0.1:<port>\\@good.attack.test',
] as const

test.each(HOSTS)(
  'http://%s is refused when it is added, and nothing connects [attacks/ssrf]',
  async (host) => {
    const { answer, name } = await add({
      url: `http://${host.replace('<port>', String(canary.port))}/mcp`,
    })
    const code = codeOf(answer)
    // What is no URL for a server at all is refused as such, as is one that only seems to name somebody else.
    const isRefused =
      answer.status === 403 ? code === 'url_not_allowed' : [400, 422].includes(answer.status)
    expect([answer.status, code, isRefused || host.includes('#@')]).toEqual([
      answer.status,
      code,
      true,
    ])
    if (answer.status === 201) await reach(name)
    expect(canary.visits()).toBe(0)
  },
)

test.each([
  'file:///etc/passwd',
  'gopher://127.0.0.1:1/',
  'ftp://127.0.0.1/',
  'ws://127.0.0.1/',
  'unix:/tmp/x.sock',
  'http+unix://%2ftmp%2fx/',
  'data:,x',
  'javascript:1',
  '//127.0.0.1/',
  'http:127.0.0.1',
  'http:///127.0.0.1',
  'http://',
  ' http://127.0.0.1',
  'HTTP://127.0.0.1',
  'http://127.0.0.1\n',
  'http://[',
  'http://${env:HOST}/',
])('the address %j is refused [attacks/ssrf]', async (url) => {
  const { answer } = await add({ url })
  expect([400, 403, 422]).toContain(answer.status)
  expect(answer.text).not.toMatch(/root:|ECONN|ENOTFOUND/)
})

test.each(Object.keys(NAMES).filter((name) => !/^(?:good|rebinding|slow)/.test(name)))(
  'a server named %s is never connected to, whatever asks for it [attacks/ssrf]',
  async (host) => {
    serve = honest()
    const { name } = await add({ url: `http://${host}:${canary.port}/mcp` })
    expect(await reach(name)).not.toContain('honest')
    const sse = await add({ url: `http://${host}:${canary.port}/sse`, transport: 'sse' })
    expect(await reach(sse.name)).not.toContain('honest')
    expect(canary.visits()).toBe(0)
  },
)

test.each(['rebinding.attack.test', 'slow-rebinding.attack.test'])(
  'when %s turns to loopback, nothing connects there [attacks/ssrf]',
  async (host) => {
    serve = honest()
    const { name } = await add({ url: `http://${host}:${canary.port}/mcp` })
    for (let turn = 0; turn < 8; turn += 1) await callTool(attacked.target('root'), `${name}__echo`)
    await reach(name)
    // Whatever it did before, from now on it is refused by its address.
    const after = await callTool(attacked.target('root'), `${name}__echo`)
    expect(['url_not_allowed', 'breaker_open']).toContain(failureOf(after)?.code)
    expect(canary.visits()).toBe(0)
  },
)

const REDIRECTS = [301, 302, 303, 307, 308] as const

test.each(REDIRECTS)(
  'a redirect with %d to loopback is not followed [attacks/ssrf]',
  async (status) => {
    serve = (request, response) => {
      request.resume()
      response.writeHead(status, { location: `${canary.url}/mcp` }).end()
    }
    const { name } = await add({ url: `http://${ALLOWED}:${canary.port}/mcp` })
    await reach(name)
    const sse = await add({ url: `http://${ALLOWED}:${canary.port}/sse`, transport: 'sse' })
    await reach(sse.name)
    expect(canary.visits()).toBe(0)
  },
)

test.each([
  'http://127.0.0.1:<port>/messages',
  '//127.0.0.1:<port>/messages',
  'http://localhost:<port>/',
  '\\\\127.0.0.1:<port>\\',
  'http://good.attack.test:<port>@127.0.0.1:<port>/',
])('a stream that names %s for its messages gets none there [attacks/ssrf]', async (endpoint) => {
  serve = (request, response) => {
    request.resume()
    if (request.method !== 'GET') return void response.writeHead(405).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(
      `event: endpoint\ndata: ${endpoint.replaceAll('<port>', String(canary.port))}\n\n`,
    )
    response.end()
  }
  const { name } = await add({ url: `http://${ALLOWED}:${canary.port}/sse`, transport: 'sse' })
  await reach(name)
  expect(canary.visits()).toBe(0)
})

test('a server that refuses with an address of its keys has nobody fetch it [attacks/ssrf]', async () => {
  serve = (request, response) => {
    request.resume()
    const challenge = `Bearer resource_metadata="${canary.url}/.well-known/oauth-protected-resource"`
    const headers = {
      'www-authenticate': challenge,
      link: `<${canary.url}>; rel=preload`,
      refresh: `0; url=${canary.url}`,
      'alt-svc': `h2="127.0.0.1:${canary.port}"`,
    }
    response.writeHead(401, headers).end()
  }
  const { name } = await add({ url: `http://${ALLOWED}:${canary.port}/mcp` })
  await reach(name)
  expect(canary.visits()).toBe(0)
})

/** Every other way to an address: keys of a server, and other entries. */
const DOORS: readonly (readonly [name: string, body: () => object])[] = [
  ['a proxy', () => ({ url: 'http://good.attack.test/mcp', proxy: canary.url })],
  [
    'a proxy by variable',
    () => ({ url: 'http://good.attack.test/mcp', proxy: '${env:HTTP_PROXY}' }),
  ],
  [
    'a file as authority',
    () => ({ url: 'https://good.attack.test/mcp', tls: { ca: '/etc/passwd' } }),
  ],
  [
    'a file by reference',
    () => ({ url: 'https://good.attack.test/mcp', headers: { x: '${file:/etc/passwd}' } }),
  ],
  [
    'a command by reference',
    () => ({ url: 'https://good.attack.test/mcp', headers: { x: '${command:id}' } }),
  ],
  [
    'a secret by reference',
    () => ({ url: 'https://good.attack.test/mcp', headers: { x: '${env:LOGIN_KEY}' } }),
  ],
  [
    'a Host header of its own',
    () => ({ url: `http://${ALLOWED}/mcp`, headers: { host: 'localhost' } }),
  ],
  ['roots of this machine', () => ({ url: `http://${ALLOWED}/mcp`, roots: ['file:///etc'] })],
]

test.each(DOORS)('%s is refused for a server that is added [attacks/ssrf]', async (_name, body) => {
  const { answer } = await add(body())
  expect([400, 403, 422]).toContain(answer.status)
  expect(canary.visits()).toBe(0)
})

test('a server that was good cannot be changed into one of loopback [attacks/ssrf]', async () => {
  serve = honest()
  const { name, answer } = await add({ url: `http://${ALLOWED}:${canary.port}/mcp` })
  const version = `"${String(answer.json['version'])}"`
  const put = (definition: object) =>
    attacked.api('root', 'PUT', `/api/v1/servers/${name}`, {
      body: { definition },
      headers: { 'if-match': version },
    })
  expect(codeOf(await put({ url: `${canary.url}/mcp` }))).toBe('url_not_allowed')
  expect(textOf(await callTool(attacked.target('root'), `${name}__echo`))).toBe('honest')
  expect(canary.visits()).toBe(0)
})
