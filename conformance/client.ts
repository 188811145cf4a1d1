/**
 * `node conformance/client.ts URL`: what the client scenarios of the suite run. Starts a gateway in front of
 * the suite's server and does, as a client of the gateway, whatever a client can do with that server. So what
 * the suite sees and judges on the wire is the gateway's own connection to a server.
 *
 * CLIENT_ERA says which era the client of the gateway speaks. A legacy client sends none of the headers of
 * 2026-07-28 and answers questions by message: what the suite's server gets of these is made by the gateway.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { startGateway } from '../packages/cli/test/fixtures/gateway.ts'

interface Call {
  readonly name: string
  readonly arguments: Record<string, unknown>
}

interface Schema {
  readonly type?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

const CALL_MS_MAX = 10_000
const EXAMPLES: Readonly<Record<string, unknown>> = {
  string: 'example',
  number: 1,
  integer: 1,
  boolean: true,
  object: {},
  array: [],
}

const [url] = process.argv.slice(2)
if (url === undefined) throw new Error('the address of the server is missing')
await using gateway = await startGateway({
  config: { mcpServers: { suite: { url, roots: 'client' } } },
})
const client = await connect(new URL(`${gateway.data}/servers/suite/mcp`), gateway.token)
try {
  await useTools()
  await useResources()
  await usePrompts()
} finally {
  await client.close()
  process.stderr.write(gateway.logs)
}

async function connect(address: URL, token: string): Promise<Client> {
  const modern = process.env['CLIENT_ERA'] === 'modern'
  const connected = new Client(
    { name: 'conformance-client', version: '1.0.0' },
    {
      capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
      ...(modern && { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
    },
  )
  connected.setRequestHandler('elicitation/create', async ({ params }) => {
    // Between a question and its answer, so that nothing of the one call gets into the other.
    await attempt('an unrelated call', () => call({ name: 'test_mrtr_unrelated', arguments: {} }))
    const { properties = {} } =
      'requestedSchema' in params ? (params.requestedSchema as Schema) : {}
    return { action: 'accept', content: examplesOf(properties) as Record<string, string> }
  })
  connected.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant',
    content: { type: 'text', text: 'example' },
    model: 'none',
  }))
  connected.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///example' }] }))
  const requestInit = { headers: { Authorization: `Bearer ${token}` } }
  await connected.connect(new StreamableHTTPClientTransport(address, { requestInit }))
  return connected
}

/** Calls what the suite tells it to call, else every tool, with arguments made from its schema. */
async function useTools(): Promise<void> {
  const { tools } = await client.listTools()
  const rich = tools.find(({ name }) => name === 'json_schema_2020_12_tool')?.inputSchema
  const asked = contextCalls()
  const calls = asked ?? tools.map((tool) => exampleCall(tool.name, tool.inputSchema as Schema))
  for (const each of calls) {
    // The tool that wants a schema back wants that of the tool beside it.
    const schema = rich && 'schema' in each.arguments && { schema: rich }
    await attempt(each.name, () => call({ ...each, arguments: { ...each.arguments, ...schema } }))
  }
}

function contextCalls(): Call[] | undefined {
  const text = process.env['MCP_CONFORMANCE_CONTEXT']
  if (text === undefined) return undefined
  return (JSON.parse(text) as { toolCalls?: Call[] }).toolCalls // the suite's own format
}

function exampleCall(name: string, { properties = {}, required = [] }: Schema): Call {
  const wanted = Object.entries(properties).filter(([key]) => required.includes(key))
  return { name, arguments: examplesOf(Object.fromEntries(wanted)) }
}

function examplesOf(properties: Readonly<Record<string, Schema>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, { type = 'string', default: value }]) => [
      key,
      value ?? EXAMPLES[type],
    ]),
  )
}

async function useResources(): Promise<void> {
  await attempt('resources', async () => {
    const { resources } = await client.listResources()
    for (const { uri } of resources) await attempt(uri, () => client.readResource({ uri }))
  })
}

async function usePrompts(): Promise<void> {
  await attempt('prompts', async () => {
    const { prompts } = await client.listPrompts()
    for (const { name } of prompts) await attempt(name, () => client.getPrompt({ name }))
  })
}

function call(each: Call): Promise<unknown> {
  return client.callTool(each, { timeout: CALL_MS_MAX })
}

/** A server need not be able to do it, and the suite judges by what it sees. */
async function attempt(what: string, run: () => Promise<unknown>): Promise<void> {
  try {
    const answer = await run()
    if (answer !== undefined)
      process.stdout.write(`${what}: ${JSON.stringify(answer).slice(0, 500)}\n`)
  } catch (error) {
    process.stdout.write(`${what}: ${String(error)}\n`)
  }
}
