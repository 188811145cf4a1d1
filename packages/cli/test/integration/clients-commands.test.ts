import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientFile, runAiSdk, runInspector, runMcporter } from '../fixtures/clients.ts'
import { EVERYTHING } from '../fixtures/everything.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { bareEnvironment } from '../fixtures/run-command.ts'
import type { Target } from '../fixtures/wire.ts'

let gateway: TestGateway
let target: Target
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-clients-'))
  gateway = await startGateway({ config: { mcpServers: { everything: EVERYTHING } } })
  target = { url: gateway.url, token: await gateway.createKey('clients') }
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const CALL = [
  '--method',
  'tools/call',
  '--tool-name',
  'everything__echo',
  '--tool-arg',
  'message=hi',
]

test.each(['legacy', 'modern'] as const)(
  'MCP Inspector, %s: lists and calls [wire/client/inspector]',
  async (era) => {
    const [list, call] = await Promise.all([
      runInspector(target, era, ['--method', 'tools/list']),
      runInspector(target, era, CALL),
    ])
    expect(list).toMatchObject({ code: 0 })
    const names = JSON.parse(list.stdout).result.tools.map(({ name }: { name: string }) => name)
    expect(names).toContain('everything__echo')
    expect(call).toMatchObject({ code: 0 })
    expect(JSON.parse(call.stdout).result.content).toEqual([{ type: 'text', text: 'Echo: hi' }])
  },
)

test('MCP Inspector: a wrong token is reported as missing authentication (exit code 3)', async () => {
  const wrong = { ...target, token: `${target.token.slice(0, -1)}_` }
  const { code, stdout, stderr } = await runInspector(wrong, 'legacy', ['--method', 'tools/list'])
  expect({ code, leaked: `${stdout}${stderr}`.includes('everything__') }).toEqual({
    code: 3,
    leaked: false,
  })
})

test('mcporter: lists and calls [wire/client/mcporter]', async () => {
  const list = await runMcporter(target, folder, ['list', 'gateway', '--json'])
  const names = JSON.parse(list.stdout).tools.map(({ name }: { name: string }) => name)
  expect(names).toContain('everything__echo')
  const args = ['call', 'gateway.everything__echo', 'message=hi', '--output', 'json']
  const call = await runMcporter(target, folder, args)
  expect(JSON.parse(call.stdout).content).toEqual([{ type: 'text', text: 'Echo: hi' }])
})

test('mcp-remote, driven over stdio: lists and calls [wire/client/mcp-remote]', async () => {
  const script = clientFile('node_modules/mcp-remote/dist/proxy.js')
  const client = new Client({ name: 'behind-mcp-remote', version: '1.0.0' })
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [
        script,
        target.url,
        '--transport',
        'http-only',
        '--allow-http',
        '--header',
        'Authorization:${AUTH}',
      ],
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
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('everything__echo')
    const { content } = await client.callTool({
      name: 'everything__echo',
      arguments: { message: 'hi' },
    })
    expect(content).toEqual([{ type: 'text', text: 'Echo: hi' }])
  } finally {
    await client.close()
  }
})

test('AI SDK: lists and calls, and needs no fallback to an older revision [wire/client/ai-sdk]', async () => {
  const { code, stdout, stderr } = await runAiSdk(target, 'everything__echo', { message: 'hi' })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { tools, result } = JSON.parse(stdout)
  expect(tools).toContain('everything__echo')
  // Only the modern era has `resultType`: the client probed `server/discover` and stayed.
  expect(result).toMatchObject({
    resultType: 'complete',
    content: [{ type: 'text', text: 'Echo: hi' }],
  })
})
