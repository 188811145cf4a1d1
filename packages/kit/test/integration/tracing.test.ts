import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { type Log, type LogFields, silentLog } from '../../src/log/index.ts'
import { Secret } from '../../src/secret.ts'
import {
  NO_SPAN,
  NO_TRACER,
  openTracer,
  type OpenTracerRequest,
  parseTraceparent,
  type TraceContext,
  type Tracer,
  type TracingOptions,
} from '../../src/tracing/index.ts'

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string }
}

interface Exported {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  readonly status: { readonly code?: number }
  readonly traceState?: string
}

interface Collector extends AsyncDisposable {
  readonly url: string
  readonly spans: Exported[]
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[]
  readonly texts: string[]
}

/** A receiver of OTLP over HTTP with JSON. */
async function startCollector(
  answer: (response: ServerResponse) => void = (response) => response.end('{}'),
): Promise<Collector> {
  const spans: Exported[] = []
  const requests: Collector['requests'] = []
  const texts: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({ path: request.url ?? '', headers: request.headers })
      const text = Buffer.concat(chunks).toString()
      texts.push(text)
      const body = JSON.parse(text) as {
        resourceSpans: { scopeSpans: { spans: Exported[] }[] }[]
      } // as OTLP says
      for (const { scopeSpans } of body.resourceSpans) {
        for (const scope of scopeSpans) spans.push(...scope.spans)
      }
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    ...{ url: `http://127.0.0.1:${port}`, spans, requests, texts },
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function open(
  otlp: { url?: string; headers?: Record<string, Secret> },
  more: Partial<OpenTracerRequest> & Partial<Pick<TracingOptions, 'sampleRatio'>> = {},
): Promise<Tracer> {
  const { sampleRatio = 1, ...request } = more
  return openTracer({
    options: { otlp: { headers: {}, ...otlp }, sampleRatio },
    environment: {},
    version: '1.2.3',
    clock: new ManualClock(),
    log: silentLog,
    ...request,
  })
}

const CONTEXT: TraceContext = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'vendor=1,other=2',
}
const CALL = { context: undefined, method: 'tools/call', server: 'files', tool: 'read' } as const

test('a call and its parts arrive as one trace, beneath the caller’s [observe/tracing/spans]', async () => {
  await using collector = await startCollector()
  const clock = new ManualClock(1_700_000_000_123)
  const headers = { 'x-key': new Secret('s3cret') }
  const tracer = await open({ url: collector.url, headers }, { clock })
  const call = tracer.startCall({ ...CALL, context: CONTEXT })
  const queue = call.child('queue')
  clock.advance(5)
  queue.end()
  const start = call.child('start')
  clock.advance(20)
  start.end()
  const upstream = call.child('upstream')
  clock.advance(7)
  upstream.end()
  call.describe('files', 'read', 'one,two')
  call.end('ok')
  await tracer[Symbol.asyncDispose]()
  const { spans } = collector
  expect(spans.map(({ name }) => name).toSorted()).toEqual(['call', 'queue', 'start', 'upstream'])
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(
    new Set(['4bf92f3577b34da6a3ce929d0e0e4736']),
  )
  const root = spans.find(({ name }) => name === 'call')
  expect(root).toMatchObject({
    parentSpanId: '00f067aa0ba902b7',
    traceState: 'vendor=1,other=2',
    startTimeUnixNano: '1700000000123000000',
    endTimeUnixNano: '1700000000155000000',
  })
  expect(textsOf(root)).toEqual({
    'rpc.system': 'mcp',
    'mcp.method.name': 'tools/call',
    'sallyport.server': 'files',
    'sallyport.member': 'one,two',
    'gen_ai.tool.name': 'read',
    'sallyport.outcome': 'ok',
  })
  const parts = spans.filter(({ name }) => name !== 'call')
  expect(parts.every(({ parentSpanId }) => parentSpanId === root?.spanId)).toBe(true)
  const told = parseTraceparent(upstream.traceparent)
  expect(told).toEqual({
    traceId: root?.traceId,
    spanId: parts.find(({ name }) => name === 'upstream')?.spanId,
    sampled: true,
  })
  expect(call.tracestate).toBe('vendor=1,other=2')
  expect(collector.requests[0]).toMatchObject({
    path: '/v1/traces',
    headers: { 'x-key': 's3cret', 'content-type': 'application/json' },
  })
  expect(collector.texts.join()).toContain('"stringValue":"sallyport"')
  expect(collector.texts.join()).not.toContain('s3cret')
})

test('a failed call says why, waits of no length are left out, and a second end changes nothing', async () => {
  await using collector = await startCollector()
  const clock = new ManualClock()
  const tracer = await open({ url: collector.url }, { clock })
  const call = tracer.startCall({ context: undefined, method: 'tools/list' })
  call.child('queue').end()
  call.child('start')
  const upstream = call.child('upstream')
  clock.advance(0.5)
  call.end('failed', 'server_lost')
  clock.advance(1_000)
  upstream.end()
  call.end('ok')
  call.child('queue')
  await tracer[Symbol.asyncDispose]()
  expect(collector.spans.map(({ name }) => name)).toEqual(['upstream', 'call'])
  const [part, root] = collector.spans
  expect(root?.status.code).toBe(2)
  expect(textsOf(root)).toMatchObject({
    'sallyport.outcome': 'failed',
    'error.type': 'server_lost',
  })
  expect(part?.endTimeUnixNano).toBe(root?.endTimeUnixNano)
})

test.each([
  ['begun here', undefined, 0, false],
  ['begun here', undefined, 1, true],
  ['the caller records', CONTEXT, 0, true],
  [
    'the caller does not',
    { ...CONTEXT, traceparent: CONTEXT.traceparent.replace(/01$/, '00') },
    1,
    false,
  ],
])(
  'of traces %s (%s), ratio %d: recorded %s [observe/tracing/ratio]',
  async (_case, context, sampleRatio, recorded) => {
    await using collector = await startCollector()
    const tracer = await open({ url: collector.url }, { sampleRatio })
    const call = tracer.startCall({ ...CALL, context })
    const { traceparent } = call.child('upstream')
    call.end('ok')
    await tracer[Symbol.asyncDispose]()
    expect(collector.spans).toHaveLength(recorded ? 2 : 0)
    // A server may record what we do not; it belongs to the same trace.
    const told = parseTraceparent(traceparent)
    expect(told?.sampled).toBe(recorded)
    if (context !== undefined) expect(told?.traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
    expect(told?.spanId).not.toBe('00f067aa0ba902b7')
  },
)

test('without a configuration nothing is recorded, loaded or told [observe/tracing/off]', async () => {
  const tracer = await openTracer({
    options: undefined,
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
    ...{ version: '1', clock: new ManualClock(), log: silentLog },
  })
  expect(tracer).toBe(NO_TRACER)
  const call = tracer.startCall({ ...CALL, context: CONTEXT })
  expect(call).toBe(NO_SPAN)
  expect(call.child('upstream').traceparent).toBeUndefined()
})

test('a collector that fails is named once a minute and harms no call [observe/tracing/failures]', async () => {
  await using collector = await startCollector((response) => {
    response.writeHead(400).end('{"message":"no"}')
  })
  const logged: { fields: LogFields; message: string }[] = []
  const clock = new ManualClock()
  const log: Log = { ...silentLog, warn: (fields, message) => logged.push({ fields, message }) }
  const tracer = await open({ url: collector.url }, { clock, log })
  // A batch is refused once its refusal was read: then the time is asked for.
  const asked = vi.spyOn(clock, 'monotonicMs').mock.calls
  for (let at = 0; at < 3; at += 1) {
    for (let each = 0; each < 512; each += 1) tracer.startCall(CALL).end('ok')
    const before = asked.length
    await until(() => asked.length > before)
  }
  expect(logged).toHaveLength(1)
  clock.advance(60_000)
  tracer.startCall(CALL).end('ok')
  await tracer[Symbol.asyncDispose]()
  expect(logged.map(({ message }) => message)).toEqual([
    'traces could not be sent',
    'traces could not be sent',
  ])
  expect(logged.reduce((sum, { fields }) => sum + Number(fields['spans']), 0)).toBe(3 * 512 + 1)
})

test('a full queue is all that is kept, and all of it leaves at the stop [observe/tracing/bounded]', async () => {
  await using collector = await startCollector()
  const tracer = await open({ url: collector.url })
  for (let each = 0; each < 20_000; each += 1) tracer.startCall(CALL).end('ok')
  await tracer[Symbol.asyncDispose]()
  expect(collector.spans).toHaveLength(4_096 + 512)
})

test('a collector that takes all and answers nothing delays the stop by two seconds at most [observe/tracing/failures]', async () => {
  await using collector = await startCollector(() => undefined)
  const tracer = await open({ url: collector.url })
  tracer.startCall(CALL).end('ok')
  const startedMs = performance.now()
  await tracer[Symbol.asyncDispose]()
  expect(performance.now() - startedMs).toBeLessThan(2_500)
  expect(collector.spans).toHaveLength(1)
})

test('a collector that is not there delays the stop by two seconds at most [observe/tracing/failures]', async () => {
  const gone = await startCollector()
  await gone[Symbol.asyncDispose]()
  const tracer = await open({ url: gone.url })
  tracer.startCall(CALL).end('ok')
  const startedMs = performance.now()
  await tracer[Symbol.asyncDispose]()
  await tracer[Symbol.asyncDispose]()
  expect(performance.now() - startedMs).toBeLessThan(2_500)
})

function textsOf(span: Exported | undefined): Record<string, string | undefined> {
  return Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [key, value.stringValue]),
  )
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('not in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
