import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as ClientOfVersion1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as TransportOfVersion1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVERYTHING } from '../fixtures/everything.ts'
import { TestGateway } from '../fixtures/gateway.ts'
import { listeningAddresses } from '../fixtures/processes.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { launchOf } from '../fixtures/stdio-client.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const WHO = { name: 'desktop', version: '1.0.0' }
const CAPABILITIES = { capabilities: { elicitation: { form: {} } } }
const ACCEPTED = { action: 'accept' as const, content: { name: 'Ada' } }

let gateway: TestGateway
beforeAll(async () => {
  const mcpServers = { everything: EVERYTHING, own: stdioServer() }
  gateway = await TestGateway.create({ config: { mcpServers } })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

/** What the clients of both SDKs have in common here. */
interface Caller {
  listTools(): Promise<{ tools: readonly { name: string }[] }>
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>
  close(): Promise<void>
}
interface Launched {
  readonly client: Caller
  readonly pid: number
}

async function version1(): Promise<Launched> {
  const client = new ClientOfVersion1(WHO, CAPABILITIES)
  client.setRequestHandler(ElicitRequestSchema, async () => ACCEPTED)
  const transport = new TransportOfVersion1({ ...launchOf(gateway), stderr: 'ignore' })
  await client.connect(transport)
  return { client: client as Caller, pid: transport.pid ?? 0 } // the few methods this test uses
}

async function version2(mode: 'legacy' | 'auto' | { pin: string }): Promise<Launched> {
  const client = new Client(WHO, { ...CAPABILITIES, versionNegotiation: { mode } })
  client.setRequestHandler('elicitation/create', async () => ACCEPTED)
  const transport = new StdioClientTransport({ ...launchOf(gateway), stderr: 'ignore' })
  await client.connect(transport)
  return { client: client as Caller, pid: transport.pid ?? 0 } // the few methods this test uses
}

test.each([
  ['SDK v1', version1],
  ['SDK v2, legacy era', () => version2('legacy')],
  ['SDK v2, modern era', () => version2({ pin: '2026-07-28' })],
  ['SDK v2, era found out', () => version2('auto')],
])(
  '%s launches it, lists, calls, is asked, and leaves nothing behind [command/stdio/serves] [wire/stdio/question]',
  async (_case, launch) => {
    const { client, pid } = await launch()
    try {
      const { tools } = await client.listTools()
      expect(tools.map(({ name }) => name)).toContain('own__echo')
      const message = 'ä'.repeat(300_000)
      expect(await client.callTool({ name: 'own__echo', arguments: { message } })).toMatchObject({
        content: [{ type: 'text', text: message }],
      })
      const asked = { name: 'everything__trigger-elicitation-request', arguments: {} }
      expect(JSON.stringify(await client.callTool(asked))).toContain('Ada')
      expect(await listeningAddresses(pid)).toEqual([])
    } finally {
      await client.close()
    }
    await waitUntil('every process to end', async () => (await gateway.children()).length === 0)
  },
)
