import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientOfVersion1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportOfVersion1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'

const EXAMPLE = fileURLToPath(
  new URL('../../../../examples/quickstart/sallyport.yaml', import.meta.url),
)
const WHO = { name: 'with-roots', version: '1.0.0' }
const ROOTS = { roots: [{ uri: 'file:///', name: 'everything' }] }

let gateway: TestGateway
let requestInit: RequestInit
beforeAll(async () => {
  const { mcpServers } = parse(await readFile(EXAMPLE, 'utf8'))
  // The quickstart's own servers, as they stand there; only their folder is named, since the file moves.
  const cwd = dirname(EXAMPLE)
  gateway = await startGateway({
    config: { mcpServers: { files: { ...mcpServers.files, cwd } } },
  })
  requestInit = { headers: { Authorization: `Bearer ${gateway.token}` } }
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

interface Caller {
  callTool(call: { name: string; arguments: Record<string, string> }): Promise<unknown>
  close(): Promise<void>
}

async function version2(mode: 'legacy' | 'auto'): Promise<Caller> {
  const client = new Client(WHO, {
    capabilities: { roots: { listChanged: true } },
    versionNegotiation: { mode },
  })
  client.setRequestHandler('roots/list', async () => ROOTS)
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }))
  if (mode === 'legacy') await client.sendRootsListChanged()
  return client as Caller // the few methods this test uses
}

async function version1(): Promise<Caller> {
  const client = new ClientOfVersion1(WHO, { capabilities: { roots: { listChanged: true } } })
  client.setRequestHandler(ListRootsRequestSchema, async () => ROOTS)
  const transport = new TransportOfVersion1(new URL(gateway.url), { requestInit })
  // The classes of the SDK disagree with each other under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0])
  await client.sendRootsListChanged()
  return client as Caller // the few methods this test uses
}

test.each([
  ['SDK v2, legacy era', () => version2('legacy')],
  ['SDK v2, modern era', () => version2('auto')],
  ['SDK v1', version1],
])(
  'a client that offers file:/// as root cannot list / through the quickstart: %s [upstreams/roots]',
  async (_case, connect) => {
    const client = await connect()
    try {
      const shared = join(dirname(EXAMPLE), 'shared')
      const call = (name: string, args: Record<string, string>): Promise<unknown> =>
        client.callTool({ name: `files__${name}`, arguments: args })
      expect(await call('list_directory', { path: shared })).toMatchObject({
        content: [{ text: expect.stringContaining('welcome.txt') }],
      })
      for (const path of ['/', '/etc', join(shared, '..'), dirname(EXAMPLE)]) {
        expect(await call('list_directory', { path })).toMatchObject({
          isError: true,
          content: [{ text: expect.stringMatching(/access denied/i) }],
        })
      }
      const allowed = JSON.stringify(await call('list_allowed_directories', {}))
      expect(allowed).toContain(shared)
      expect(allowed).not.toMatch(/\\n\/(\\n|"|$)/)
    } finally {
      await client.close()
    }
  },
)

test("without the gateway's care it could: the server, asked directly, takes the client's root", async () => {
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio')
  const client = new Client(WHO, { capabilities: { roots: { listChanged: true } } })
  client.setRequestHandler('roots/list', async () => ROOTS)
  const script = fileURLToPath(
    import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'),
  )
  const args = [script, join(dirname(EXAMPLE), 'shared')]
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }),
  )
  try {
    await expect
      .poll(() => client.callTool({ name: 'list_directory', arguments: { path: '/' } }))
      .not.toMatchObject({ isError: true })
  } finally {
    await client.close()
  }
})
