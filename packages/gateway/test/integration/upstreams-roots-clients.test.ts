import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../fixtures/upstreams/harness.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const BOTH = 'application/json, text/event-stream'
const ROOTS = { roots: [{ uri: 'file:///of-the-client' }] }
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { roots: {} },
}

interface Heard {
  readonly id?: unknown
  readonly method?: string
  readonly error?: { readonly code: number; readonly message: string }
  readonly result?: {
    readonly resultType?: string
    readonly requestState?: string
    readonly inputRequests?: Readonly<Record<string, { readonly method: string }>>
    readonly content?: readonly { readonly text: string }[]
  }
}

async function startRooted() {
  const file = path.join(temporaryFolder(), 'talk')
  const env = { TALK_LOG: file, ASK_AT_START: 'roots/list' }
  const one = { ...hostileEntry('echo', env), roots: 'client' }
  const gateway = await TestGateway.start({ mcpServers: { one } })
  const read = (): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Heard) // written by our own gateway
      .filter(({ method, result }) => method === 'tools/call' || result !== undefined)
      .map(({ method }) => method ?? 'roots')
  return { gateway, read, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() }
}

/** The one that the last `initialize` opened. */
let session = ''

/** Sends a message and hands over what comes back, message by message. */
async function* exchange(
  gateway: TestGateway,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): AsyncGenerator<Heard> {
  const response = await fetch(gateway.url(), {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', accept: BOTH },
      ...{ authorization: `Bearer ${gateway.key}`, ...headers },
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...body }),
  })
  session = response.headers.get('mcp-session-id') ?? session
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data: {')) yield JSON.parse(line.slice(6))
  }
  if (text.startsWith('{')) yield JSON.parse(text)
}
test('a legacy client without a stream of its session, slow to tell its roots, has them applied to its first call [upstreams/roots/held]', async () => {
  await using rooted = await startRooted()
  const { gateway, read } = rooted
  const clientInfo = { name: 't', version: '1' }
  const params = { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo }
  for await (const { error } of exchange(gateway, { id: 1, method: 'initialize', params })) {
    expect(error).toBeUndefined()
  }
  const headers = { 'mcp-session-id': session }
  const texts: unknown[] = []
  for (let id = 2; id < 5; id += 1) {
    const call = { id, method: 'tools/call', params: { name: 'one__echo', arguments: { id } } }
    for await (const message of exchange(gateway, call, headers)) {
      if (message.method !== 'roots/list') {
        texts.push(message.result?.content?.[0]?.text ?? message)
        continue
      }
      expect(read()).toEqual([])
      await new Promise((resolve) => setTimeout(resolve, 150))
      for await (const _ of exchange(gateway, { id: message.id, result: ROOTS }, headers));
    }
  }
  expect(texts).toEqual(['{"id":2}', '{"id":3}', '{"id":4}'])
  expect(read()).toEqual(['roots', 'tools/call', 'tools/call', 'tools/call'])
})

test('a modern client is asked before its first call goes out; one without the ability is refused [upstreams/roots/held] [upstreams/roots/refused]', async () => {
  await using rooted = await startRooted()
  const { gateway, read } = rooted
  const headers = {
    ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' },
    'mcp-name': 'one__echo',
  }
  const call = async (more: object, _meta: object = META): Promise<Heard> => {
    const params = { name: 'one__echo', arguments: {}, _meta, ...more }
    const all: Heard[] = []
    for await (const message of exchange(gateway, { id: 1, method: 'tools/call', params }, headers))
      all.push(message)
    return all.at(-1) ?? {}
  }
  const refused = await call({}, { ...META, 'io.modelcontextprotocol/clientCapabilities': {} })
  expect(JSON.stringify(refused)).toMatch(/"outcome":"not_sent"/)
  expect(read()).not.toContain('tools/call')
  const { result } = await call({})
  const [key = '', question] = Object.entries(result?.inputRequests ?? {})[0] ?? []
  expect([result?.resultType, question?.method]).toEqual(['input_required', 'roots/list'])
  const { requestState } = result ?? {}
  const answered = await call({ inputResponses: { [key]: ROOTS }, requestState })
  expect(answered.result?.content?.[0]?.text).toBe('{}')
  expect(read()).toEqual(['roots', 'tools/call'])
})
