// A small MCP server to try the gateway with, without dependencies: on standard input and output, or with
// `--http PORT` at http://127.0.0.1:PORT/mcp. NAME says what it calls itself. It speaks 2025-11-25.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

const name = process.env.NAME ?? 'server'
const text = (value) => ({ content: [{ type: 'text', text: String(value) }] })

const tools = {
  who: { about: 'Says which server answers.', run: () => text(name) },
  pid: { about: 'Says the process id of the server.', run: () => text(process.pid) },
  echo: { about: 'Says what it was told.', run: ({ message = '' }) => text(message) },
  wait: {
    about: 'Answers after `ms` milliseconds.',
    run: async ({ ms = 1_000 }) => {
      await wait(Math.min(Number(ms), 60_000))
      return text(`${name} waited`)
    },
  },
  fail: { about: 'Fails, as a tool may.', run: () => ({ ...text('no'), isError: true }) },
}

async function answer({ id, method, params = {} }) {
  if (id === undefined) return undefined
  const reply = { jsonrpc: '2.0', id }
  if (method === 'initialize') {
    const serverInfo = { name, version: '1.0.0' }
    const capabilities = { tools: {} }
    return { ...reply, result: { protocolVersion: '2025-11-25', capabilities, serverInfo } }
  }
  if (method === 'ping') return { ...reply, result: {} }
  if (method === 'tools/list') {
    const list = Object.entries(tools).map(([key, { about }]) => ({
      name: key,
      description: about,
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    }))
    return { ...reply, result: { tools: list } }
  }
  const tool = method === 'tools/call' ? tools[params.name] : undefined
  const { message = '' } = params.arguments ?? {}
  if (tool && typeof message !== 'string') {
    return { ...reply, error: { code: -32602, message: '`message` must be text' } }
  }
  if (tool) return { ...reply, result: await tool.run(params.arguments ?? {}) }
  return { ...reply, error: { code: -32601, message: `Unknown: ${params.name ?? method}` } }
}

if (process.argv[2] === '--http') {
  createServer(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end()
    const chunks = await request.toArray()
    const reply = await answer(JSON.parse(Buffer.concat(chunks).toString()))
    if (!reply) return response.writeHead(202).end()
    return response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(reply))
  }).listen(Number(process.argv[3]), '127.0.0.1')
} else {
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const reply = await answer(JSON.parse(line))
    if (reply) process.stdout.write(`${JSON.stringify(reply)}\n`)
  })
}
