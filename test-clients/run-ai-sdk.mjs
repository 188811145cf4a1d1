// Lists the tools of an MCP endpoint with Vercel's AI SDK and calls one; prints { tools, result } as JSON.
// Usage: node run-ai-sdk.mjs URL TOOL ARGUMENTS, with the key in MCP_KEY.
import { createMCPClient } from '@ai-sdk/mcp'

const [url, tool, args] = process.argv.slice(2)
const client = await createMCPClient({
  transport: { type: 'http', url, headers: { Authorization: `Bearer ${process.env.MCP_KEY}` } },
})
try {
  const tools = await client.tools()
  const result = await tools[tool].execute(JSON.parse(args), { toolCallId: '1', messages: [] })
  console.log(JSON.stringify({ tools: Object.keys(tools), result }))
} finally {
  await client.close()
}
