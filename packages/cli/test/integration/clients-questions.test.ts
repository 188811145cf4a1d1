/** Clients of other makers whose call makes a server ask: each answers, or shows that it cannot be asked. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientFile, runInspector, runMcporter } from '../fixtures/clients.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { Mcpdo } from '../fixtures/mcpdo.ts'
import { bareEnvironment, runCommand } from '../fixtures/run-command.ts'
import { startV1Http, startV2Http } from '../fixtures/servers/matrix-http.ts'
import { startSpyServer } from '../fixtures/servers/spy-server.ts'
import type { Target } from '../fixtures/wire.ts'

/** A server of each era, named after it. Their tool `ask-form` asks for a colour. */
const ERAS = ['legacy', 'modern'] as const
const ACCEPTED = { action: 'accept', content: { colour: 'blue' } }
const SCHEMA = { type: 'object', required: ['colour'] }

let gateway: TestGateway
let target: Target
let folder: string
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-questions-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const legacy = owned.use(await startV1Http('legacy'))
  const modern = owned.use(await startV2Http('modern', 'reject'))
  const mcpServers = { legacy: { url: legacy.url }, modern: { url: modern.url } }
  gateway = owned.use(await startGateway({ config: { mcpServers } }))
  target = { url: gateway.url, token: await gateway.createKey('clients') }
})
afterAll(() => owned.disposeAsync())

/** What the tool was answered, as it says itself. */
function answerIn(result: unknown): unknown {
  const { content } = result as { content: { text: string }[] } // shape of tools/call
  return JSON.parse(content[0]?.text ?? '')
}

test.each(ERAS)(
  'mcpdo, %s: the person answers while the call waits [compatibility/question]',
  async (era) => {
    await using mcpdo = await Mcpdo.open()
    await mcpdo.connect('gateway', era, target)
    for (const server of ERAS) {
      const call = ['tools/call', `${server}__ask-form`, `ticket:=${era}`]
      const asked = (await mcpdo.ask('gateway', call)) as {
        elicitationPending: { elicitationId: string }
      } // asserted next
      expect(asked).toMatchObject({
        elicitationPending: { mode: 'form', requestedSchema: SCHEMA },
      })
      const { elicitationId } = asked.elicitationPending
      const words = ['elicitation/respond', elicitationId, 'colour:=blue']
      expect(answerIn(await mcpdo.ask('gateway', words))).toEqual(ACCEPTED)
    }
  },
)

test.each(ERAS)(
  'AI SDK: its handler answers a %s server, and without one the question is refused at once [compatibility/question]',
  async (server) => {
    const words = [
      clientFile('run-ai-sdk.mjs'),
      target.url,
      `${server}__ask-form`,
      '{"ticket":"ai"}',
    ]
    const env = { MCP_KEY: target.token }
    const [able, unable] = await Promise.all([
      runCommand(process.execPath, words, {
        env: { ...env, MCP_ANSWER: JSON.stringify(ACCEPTED) },
      }),
      runCommand(process.execPath, words, { env }),
    ])
    const { result, asked } = JSON.parse(able.stdout)
    expect(answerIn(result)).toEqual(ACCEPTED)
    expect(asked).toEqual([expect.stringContaining('A colour for ai?')])
    if (server === 'legacy') {
      expect(answerIn(JSON.parse(unable.stdout).result)).toEqual({ action: 'decline' })
    } else expect(unable.stderr).toContain('code: -32021')
  },
)

test('mcp-remote passes a question on to the client behind it, and the answer back [compatibility/question]', async () => {
  const capabilities = { elicitation: { form: {} } }
  const client = new Client({ name: 'behind-mcp-remote', version: '1.0.0' }, { capabilities })
  const asked: string[] = []
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params.message)
    return { action: 'accept', content: { colour: 'blue' } }
  })
  const script = clientFile('node_modules/mcp-remote/dist/proxy.js')
  const how = ['--transport', 'http-only', '--allow-http', '--header', 'Authorization:${AUTH}']
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [script, target.url, ...how],
      env: {
        ...bareEnvironment(),
        HOME: folder,
        MCP_REMOTE_CONFIG_DIR: join(folder, 'mcp-remote'),
        AUTH: `Bearer ${target.token}`,
      },
      stderr: 'ignore',
    }),
  )
  try {
    for (const server of ERAS) {
      const call = { name: `${server}__ask-form`, arguments: { ticket: server } }
      expect(answerIn(await client.callTool(call))).toEqual(ACCEPTED)
    }
    expect(asked).toEqual(ERAS.map((server) => expect.stringContaining(`A colour for ${server}?`)))
  } finally {
    await client.close()
  }
})

/** What a client declares when it opens a session. */
async function declaredBy(run: (spy: Target) => Promise<unknown>): Promise<unknown> {
  await using spy = await startSpyServer()
  await run({ url: spy.url, token: 'any' })
  const opening = spy.seen.find(({ body }) => body.includes('"initialize"'))
  if (!opening) throw new Error('the client opened no session')
  return JSON.parse(opening.body).params.capabilities
}

test('MCP Inspector’s one-shot command declares no elicitation, and is told at once [compatibility/question]', async () => {
  const call = (server: string): string[] => {
    const tool = ['--tool-name', `${server}__ask-form`, '--tool-arg', 'ticket=inspector']
    return ['--method', 'tools/call', ...tool]
  }
  const declared = await declaredBy((spy) =>
    runInspector(spy, 'legacy', ['--method', 'tools/list']),
  )
  expect(declared).not.toHaveProperty('elicitation')
  for (const era of ERAS) {
    const [legacy, modern] = await Promise.all(
      ERAS.map((server) => runInspector(target, era, call(server))),
    )
    expect(answerIn(JSON.parse(legacy?.stdout ?? '').result)).toEqual({ action: 'decline' })
    expect(modern).toMatchObject({ code: 1 })
    expect(`${modern?.stdout}${modern?.stderr}`).toContain('A capability is missing')
  }
})

test('mcporter declares no elicitation, and is told at once [compatibility/question]', async () => {
  const declared = await declaredBy((spy) =>
    runMcporter(spy, folder, ['list', 'gateway', '--json']),
  )
  expect(declared).not.toHaveProperty('elicitation')
  const call = (server: string): Promise<{ stdout: string }> => {
    const words = ['call', `gateway.${server}__ask-form`, 'ticket=mcporter', '--output', 'json']
    return runMcporter(target, folder, words)
  }
  expect(JSON.parse((await call('legacy')).stdout)).toEqual({ action: 'decline' })
  const refused = JSON.parse((await call('modern')).stdout)
  expect(refused).toMatchObject({ error: expect.stringContaining('-32021') })
})
