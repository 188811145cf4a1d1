// Lists the tools of an MCP endpoint with Vercel's AI SDK and calls one; prints { tools, result, asked }
// as JSON.
// Usage: node run-ai-sdk.mjs URL TOOL ARGUMENTS, with the key in MCP_KEY. MCP_ANSWER: how it answers a form, JSON;
// without it the client declares that it cannot be asked.
import { createMCPClient, ElicitationRequestSchema } from '@ai-sdk/mcp'

const [url, tool, args] = process.argv.slice(2)
const { MCP_ANSWER } = process.env
const client = await createMCPClient({
  ...(MCP_ANSWER === undefined ? {} : { capabilities: { elicitation: {} } }),
  transport: { type: 'http', url, headers: { Authorization: `Bearer ${process.env.MCP_KEY}` } },
})
const asked = []
if (MCP_ANSWER !== undefined) {
  client.onElicitationRequest(ElicitationRequestSchema, ({ params }) => {
    asked.push(params.message)
    return JSON.parse(MCP_ANSWER)
  })
}
try {
  const tools = await client.tools()
  const result = await tools[tool].execute(JSON.parse(args), { toolCallId: '1', messages: [] })
  console.log(JSON.stringify({ tools: Object.keys(tools), result, asked }))
} finally {
  await client.close()
}
