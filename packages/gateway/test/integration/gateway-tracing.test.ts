import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { post, type Reply, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { TestGateway } from '../fixtures/test-gateway.ts'
import {
  json,
  legacyServer,
  type RawHttpServer,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'
import { until } from '../fixtures/upstreams/harness.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`
const OTHER = `00-${'a'.repeat(32)}-00f067aa0ba902b7-01`

interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: readonly {
    readonly key: string
    readonly value: { readonly stringValue?: string }
  }[]
}

interface Collector extends AsyncDisposable {
  readonly url: string
  readonly spans: Span[]
  readonly texts: string[]
}

async function startCollector(): Promise<Collector> {
  const spans: Span[] = []
  const texts: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      texts.push(text)
      const { resourceSpans } = JSON.parse(text) as {
        resourceSpans: { scopeSpans: { spans: Span[] }[] }[]
      } // as OTLP says
      for (const { scopeSpans } of resourceSpans) {
        for (const scope of scopeSpans) spans.push(...scope.spans)
      }
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    ...{ url: `http://127.0.0.1:${port}`, spans, texts },
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const modern: Parameters<typeof startRawHttp>[0] = (seen, response) => {
  const { id, method } = seen.body
  const discovered = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }
  if (method === 'server/discover') json(response, { id, result: discovered })
  else if (method === 'tools/list') json(response, { id, result: { tools: [{ name: 'a' }] } })
  else textAnswer(seen, response, 'done')
}
const legacy = legacyServer((seen, response) => textAnswer(seen, response, 'done'))

function callOf(server: RawHttpServer): {
  readonly header: unknown
  readonly state: unknown
  readonly meta: Record<string, unknown> | undefined
} {
  const [seen] = server.of('tools/call')
  const params = seen?.body.params as { _meta?: Record<string, unknown> } | undefined // our own
  return {
    header: seen?.headers['traceparent'],
    state: seen?.headers['tracestate'],
    meta: params?._meta,
  }
}

interface How {
  readonly meta?: object
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls a tool by hand, with headers of one's own. */
async function call(
  gateway: TestGateway,
  era: 'legacy' | 'modern',
  name: string,
  { meta = {}, headers = {} }: How,
): Promise<Reply> {
  const request = (method: string, params: object, more: object): Promise<Reply> => {
    const credential = { authorization: `Bearer ${gateway.key}` }
    return post(
      gateway.url(),
      { jsonrpc: '2.0', id: 1, method, params },
      { ...credential, ...more },
    )
  }
  const args = { secret: 's3cret-argument' }
  if (era === 'modern') {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      ...meta,
    }
    const mirrored = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }
    const all = { ...mirrored, 'mcp-name': name, ...headers }
    return request('tools/call', { name, arguments: args, _meta }, all)
  }
  const clientInfo = { name: 't', version: '1' }
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const opened = await request('initialize', hello, {})
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  return request('tools/call', { name, arguments: args, _meta: meta }, { ...session, ...headers })
}

/** A legacy server on standard streams whose one tool gives back what the request's `_meta` was. */
const MIRROR = `
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  const results = {
    initialize: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'm', version: '1' } },
    'tools/list': { tools: [{ name: 'mirror', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: JSON.stringify(params?._meta) }] },
  }
  if (id === undefined) return
  const answer = results[method] ? { result: results[method] } : { error: { code: -32601, message: 'no' } }
  console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
})`

test.each(['legacy', 'modern'] as const)(
  'the trace of a %s client goes on to servers of both eras, in the message and as headers [observe/tracing/propagation]',
  async (era) => {
    await using collector = await startCollector()
    await using servers = new AsyncDisposableStack()
    const one = servers.use(await startRawHttp(modern))
    const two = servers.use(await startRawHttp(legacy))
    await using gateway = await TestGateway.start({
      mcpServers: { one: { url: one.url }, two: { url: two.url } },
      config: { tracing: { otlp: { url: collector.url } } },
    })
    // Only a tool that a list holds is named in a trace.
    await (await RawClient.open(gateway, 'modern')).list()
    for (const [name, server] of Object.entries({ one, two })) {
      const meta = { traceparent: PARENT, tracestate: 'v=1', 'x/other': 1 }
      const reply = await call(gateway, era, `${name}__a`, {
        meta,
        headers: { traceparent: OTHER },
      })
      expect(textOf(reply)).toBe('done')
      const told = callOf(server)
      expect(told.header).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
      expect(told.header).not.toBe(PARENT)
      expect(told.state).toBe('v=1')
      expect(told.meta).toMatchObject({ traceparent: told.header, tracestate: 'v=1', 'x/other': 1 })
    }
    await gateway.stop()
    const calls = collector.spans.filter(
      ({ name, traceId }) => name === 'call' && traceId === TRACE,
    )
    expect(calls.map(({ parentSpanId }) => parentSpanId)).toEqual([
      '00f067aa0ba902b7',
      '00f067aa0ba902b7',
    ])
    const upstream = collector.spans.filter(({ name }) => name === 'upstream')
    expect(upstream.map(({ spanId }) => `00-${TRACE}-${spanId}-01`)).toContain(callOf(one).header)
    const described = calls.map(({ attributes }) =>
      Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])),
    )
    expect(described[0]).toMatchObject({
      'mcp.method.name': 'tools/call',
      'sallyport.server': 'one',
      'gen_ai.tool.name': 'a',
      'sallyport.outcome': 'ok',
    })
    expect(collector.texts.join()).not.toContain('s3cret')
    expect(collector.texts.join()).not.toContain(gateway.key)
  },
)

test('the trace of a header is taken where the message names none that is valid [observe/tracing/propagation]', async () => {
  await using collector = await startCollector()
  await using server = await startRawHttp(legacy)
  await using gateway = await TestGateway.start({
    mcpServers: { one: { url: server.url } },
    config: { tracing: { otlp: { url: collector.url } } },
  })
  const meta = { traceparent: 'not one', tracestate: 'stale=1' }
  await call(gateway, 'modern', 'one__a', { meta, headers: { traceparent: PARENT } })
  const told = callOf(server)
  expect(told.header).toMatch(new RegExp(`^00-${TRACE}-`))
  expect(told.meta?.['traceparent']).toBe(told.header)
  expect(told.meta).not.toHaveProperty('tracestate')
})

test('a server on its standard streams is told in the message [observe/tracing/propagation]', async () => {
  await using collector = await startCollector()
  await using gateway = await TestGateway.start({
    mcpServers: { one: { command: process.execPath, args: ['-e', MIRROR] } },
    config: { tracing: { otlp: { url: collector.url } } },
  })
  const reply = await call(gateway, 'modern', 'one__mirror', { headers: { traceparent: PARENT } })
  expect(textOf(reply)).toMatch(new RegExp(`"traceparent":"00-${TRACE}-[0-9a-f]{16}-01"`))
})

test('a wait for a place and for a start are parts of the trace [observe/tracing/spans]', async () => {
  await using collector = await startCollector()
  let answerLater: (() => void) | undefined
  await using server = await startRawHttp(
    legacyServer((seen, response) => {
      answerLater = () => textAnswer(seen, response, 'done')
    }),
  )
  await using gateway = await TestGateway.start({
    mcpServers: { one: { url: server.url, inFlight: 1 } },
    config: { tracing: { otlp: { url: collector.url } } },
  })
  const client = await RawClient.open(gateway, 'modern')
  const both = [client.call('one__a', {}), client.call('one__a', {})]
  for (let count = 1; count <= 2; count += 1) {
    await until(() => server.of('tools/call').length === count, 'it arrived')
    await new Promise((resolve) => setTimeout(resolve, 5))
    answerLater?.()
  }
  await Promise.all(both)
  await gateway.stop()
  const names = collector.spans.map(({ name }) => name)
  expect(names.filter((name) => name === 'queue')).toHaveLength(1)
  expect(names).toContain('start')
  expect(names.filter((name) => name === 'upstream')).toHaveLength(2)
})

test('without `tracing` what the message says goes on as it is, and a header does not [observe/tracing/off]', async () => {
  await using server = await startRawHttp(legacy)
  await using gateway = await TestGateway.start({ mcpServers: { one: { url: server.url } } })
  const meta = { traceparent: PARENT, baggage: 'a=1' }
  await call(gateway, 'modern', 'one__a', { meta, headers: { traceparent: OTHER } })
  const told = callOf(server)
  expect(told.header).toBeUndefined()
  expect(told.meta).toMatchObject(meta)
})
