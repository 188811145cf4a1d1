import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { send } from '../fixtures/send.ts'
import { SENT, goldenAnswers, goldenEntries, goldenUri } from '../fixtures/servers/matrix-golden.ts'
import { startGoldenHttp } from '../fixtures/servers/matrix-golden-http.ts'
import { ACCEPT, LegacySession, MODERN } from '../fixtures/wire.ts'

const STDIO = fileURLToPath(new URL('../fixtures/servers/matrix-golden-stdio.ts', import.meta.url))

const SERVERS = [
  { name: 'json', era: 'legacy' },
  { name: 'stream', era: 'legacy' },
  { name: 'stdio', era: 'legacy' },
  { name: 'modern', era: 'modern' },
] as const
type Server = (typeof SERVERS)[number]
const CLIENTS = ['legacy', 'modern'] as const
type Client = (typeof CLIENTS)[number]

let gateway: TestGateway
let token: string
let folder: string
const seen = new Map<string, () => Promise<readonly string[]>>()
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-golden-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const mcpServers: Record<string, object> = {}
  for (const { name, era } of SERVERS) {
    if (name === 'stdio') {
      const file = join(folder, 'lines')
      const env = { GOLDEN_NAME: name, GOLDEN_FILE: file }
      mcpServers[name] = { command: process.execPath, args: [STDIO], env }
      seen.set(name, async () => (await readFile(file, 'utf8')).split('\n'))
    } else {
      const server = owned.use(await startGoldenHttp(name, era, name === 'stream'))
      mcpServers[name] = { url: server.url }
      seen.set(name, async () => server.seen)
    }
  }
  gateway = owned.use(await startGateway({ config: { mcpServers } }))
  token = await gateway.createKey('golden')
})
afterAll(() => owned.disposeAsync())

const ENVELOPE = `"io.modelcontextprotocol/protocolVersion":"${MODERN}","io.modelcontextprotocol/clientCapabilities":{"extensions":{"com.example/golden":{}}}`
/** An id that no double holds. */
const ID = '9007199254740993'

interface Sent {
  readonly route: string
  readonly method: string
  /** Text of the members of `params` before `_meta`, each with a comma after it. */
  readonly params: string
  /** What `Mcp-Name` says. */
  readonly name?: string
}

function bodyOf(client: Client, { method, params }: Sent): string {
  const meta = client === 'modern' ? `${ENVELOPE},${SENT}` : SENT
  return `{"x-top":[1.0],"jsonrpc":"2.0","id":${ID},"method":"${method}","params":{${params}"_meta":{${meta}}}}`
}

/** Sends a request as text, and returns the text of the answer. */
async function exchange(client: Client, sent: Sent): Promise<string> {
  const { route, method, name } = sent
  const url = `${gateway.data}${route}`
  const modern = {
    authorization: `Bearer ${token}`,
    accept: ACCEPT,
    'mcp-protocol-version': MODERN,
  }
  const named = name === undefined ? {} : { 'mcp-name': name }
  const headers =
    client === 'modern'
      ? { ...modern, 'mcp-method': method, ...named }
      : (await LegacySession.open({ url, token })).headers
  const { text } = await send(url, { headers, body: bodyOf(client, sent) })
  return text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? text)
}

/** The requests that golden answers are for, under public names. */
function requests(server: Server, route: string, prefix: string): readonly Sent[] {
  const name = `${prefix}gold`
  const uri = goldenUri(server.name)
  const args = `"arguments":{${SENT}},"x":-0,`
  const ref = `"ref":{"x":1.0,"type":"ref/prompt","name":"${name}","y":-0},"argument":{"name":"a","value":"\\ud800",${SENT}},`
  return [
    { route, method: 'tools/call', params: `"name":"${name}",${args}`, name },
    {
      route,
      method: 'prompts/get',
      params: `"x":-0,"name":"${name}","arguments":{"a":"\\ud800"},`,
      name,
    },
    { route, method: 'resources/read', params: `"uri":"${uri}","x":-0,`, name: uri },
    { route, method: 'completion/complete', params: ref },
  ]
}

/** A server's answer as a client of an era is to get it: with its own id, and what its era requires. */
function expected(server: Server, client: Client, method: string): string {
  const said = goldenAnswers(server.name, server.era)[method] ?? ''
  const hints = method === 'resources/read' ? '"ttlMs":0,"cacheScope":"private",' : ''
  const added =
    client === 'modern' && server.era === 'legacy' ? `"resultType":"complete",${hints}` : ''
  return `{${said.replace('"result": {', `"result": {${added}`)},"x-top":[1.0],"jsonrpc":"2.0","id":${ID}}`
}

/** The last request of a method that a server got, with the client's id in place of the gateway's. */
async function received(server: Server, method: string): Promise<string> {
  const texts = (await seen.get(server.name)?.()) ?? []
  const last = texts.findLast((text) => text.includes(`"method":"${method}"`)) ?? ''
  return last.replace(/"id":\d+,/, `"id":${ID},`)
}

const LISTS = {
  'tools/list': 'tools',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'prompts/list': 'prompts',
} as const

describe.each(SERVERS)('golden messages of a $era server ($name)', (server) => {
  const alone = `/servers/${server.name}/mcp`
  const prefix = `${server.name}__`

  test.each(CLIENTS)(
    'a %s client gets every answer byte for byte on the server’s own address [compatibility/golden/alone]',
    async (client) => {
      const failing = { route: alone, method: 'golden/fail', params: `"x":{${SENT}},` }
      for (const sent of [...requests(server, alone, ''), failing]) {
        expect(await exchange(client, sent)).toBe(expected(server, client, sent.method))
      }
    },
  )

  test.each(CLIENTS)(
    'a %s client gets every answer byte for byte on the merged address [compatibility/golden/merged]',
    async (client) => {
      for (const sent of requests(server, '/mcp', prefix)) {
        expect(await exchange(client, sent)).toBe(expected(server, client, sent.method))
      }
    },
  )

  test.each(CLIENTS)(
    'a %s client is listed every entry byte for byte, but for its public name [compatibility/golden/alone] [compatibility/golden/merged]',
    async (client) => {
      const entries = goldenEntries(server.name)
      for (const [method, kind] of Object.entries(LISTS)) {
        const own = entries[kind] ?? ''
        expect(await exchange(client, { route: alone, method, params: '' })).toContain(`[${own}]`)
        const named = kind === 'tools' || kind === 'prompts'
        const shown = named ? own.replace('"name":"gold"', `"name":"${prefix}gold"`) : own
        expect(await exchange(client, { route: '/mcp', method, params: '' })).toContain(shown)
      }
    },
  )

  test.each([
    ['legacy', alone, ''],
    ['modern', alone, ''],
    ['legacy', '/mcp', prefix],
    ['modern', '/mcp', prefix],
  ] as const)(
    'gets what a %s client sent to %s byte for byte, but for ids, names and envelopes [compatibility/golden/request]',
    async (client, route, before) => {
      for (const sent of requests(server, route, before)) {
        await exchange(client, sent)
        const whole = bodyOf(client, sent)
          .replace(`"name":"${before}gold"`, '"name":"gold"')
          .replaceAll('\n', server.name === 'stdio' ? ' ' : '\n')
        const got = await received(server, sent.method)
        if (client === 'legacy' && server.era === 'legacy') expect(got).toBe(whole)
        const [params = '', meta = ''] = whole.split('"_meta":{')
        expect(got.startsWith(`${params}"_meta":{`)).toBe(true)
        // Members of the envelope come and go between the others: each of those is as it was.
        for (const member of meta.replace(/\}\}\}$/, '').split(/ ?,(?="[a-zA-Z]+":)/)) {
          if (!ENVELOPE.includes(member)) expect(got).toContain(member)
        }
      }
    },
  )
})
