import type { CallSignal } from '@sallyport/kit/call-signal'
import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { Deadlines } from '@sallyport/kit/limits'
import { type Log, silentLog } from '@sallyport/kit/log'
import { wholeAnswer } from '@sallyport/kit/mcp'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Catalogue } from '../routing/catalogue.ts'
import { ToolList } from '../routing/tool-list.ts'
import { GatewayApplication } from './application.ts'
import type { CallHandler, CallResult, Interceptor } from './call.ts'
import { applyInterceptors } from './call.ts'
import {
  FakeUpstreams,
  parsed,
  testCall,
  testExchange,
  type TestExchangeOptions,
  testServer,
} from './testing-call.ts'

const OK: CallResult = {
  answer: { bytes: Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}'), status: 200 },
  outcome: 'ok',
  code: null,
}
const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'

interface Options {
  readonly invoke?: CallHandler
  readonly interceptors?: readonly Interceptor[]
  readonly upstreams?: FakeUpstreams
  readonly listWaitMs?: number
  readonly log?: Log
}

async function openApplication(options: Options = {}) {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  onTestFinished(() => deadlines[Symbol.dispose]())
  const upstreams = options.upstreams ?? new FakeUpstreams()
  const catalogue = await Catalogue.open({
    servers: { files: testServer('files', { callMs: 500 }), other: testServer('other') },
    fingerprintOf: ({ name }) => name,
    store: {
      readCatalogues: async () => [],
      writeCatalogue: async () => undefined,
      readEras: async () => [],
      writeEra: async () => undefined,
    },
    clock,
    log: silentLog,
  })
  const sealer = {
    seal: (plain: Buffer) => plain.toString(),
    open: (sealed: string) => Buffer.from(sealed),
  }
  const app = new GatewayApplication({
    version: '1.2.3',
    catalogue,
    toolList: new ToolList({ catalogue, status: () => upstreams.status(), sealer, pageTools: 10 }),
    upstreams,
    interceptors: options.interceptors ?? [],
    invoke: options.invoke ?? (async () => OK),
    deadlines,
    log: options.log ?? silentLog,
    limits: { callMs: 30_000, listWaitMs: options.listWaitMs ?? 5_000 },
  })
  const ask = (text?: string, more?: TestExchangeOptions) => app.request(testExchange(text, more))
  return { app, clock, deadlines, catalogue, upstreams, ask }
}

const never = (signal: CallSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

const page = (...names: string[]) => [
  Buffer.from(JSON.stringify({ tools: names.map((name) => ({ name })) })),
]

test('there is a face for the whole and for each configured server, and no other', async () => {
  const { app } = await openApplication()
  expect(['', 'files', 'none', '__proto__'].map((scope) => app.face(scope) !== undefined)).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(app.face('')).toMatchObject({
    serverInfo: { name: 'sallyport', version: '1.2.3' },
    capabilities: { tools: { listChanged: true } },
  })
})

test("a call over its server's own deadline ends with a typed answer, not before [limits/deadline]", async () => {
  const { clock, deadlines, ask } = await openApplication({
    invoke: ({ exchange }) => never(exchange.controller.signal),
  })
  let ended = false
  const asked = ask().finally(() => {
    ended = true
  })
  clock.advance(499)
  deadlines.expireDue()
  await new Promise(setImmediate)
  expect(ended).toBe(false)
  clock.advance(60)
  deadlines.expireDue()
  expect(parsed(wholeAnswer(await asked)).result).toMatchObject({
    isError: true,
    _meta: { 'dev.sallyport/error': { code: 'deadline_exceeded' } },
  })
})

test('a call that was answered leaves no deadline behind', async () => {
  const { deadlines, ask } = await openApplication()
  await ask()
  expect(deadlines.size).toBe(0)
})

test('a defect is answered without its text and logged with it [wire/error/inner-text]', async () => {
  const error = vi.fn()
  const { ask } = await openApplication({
    invoke: () => Promise.reject(new TypeError('cannot read password of undefined')),
    log: { ...silentLog, error },
  })
  expect((await ask()).bytes.toString()).not.toContain('password')
  expect(error).toHaveBeenCalledWith(
    expect.objectContaining({ requestId: 'r-1', err: expect.any(AppError) }),
    'call failed',
  )
})

test("an expected failure is no error in the gateway's log", async () => {
  const error = vi.fn()
  const { ask } = await openApplication({
    invoke: () => Promise.reject(new AppError('server_lost', 'gone')),
    log: { ...silentLog, error },
  })
  await ask()
  expect(error).not.toHaveBeenCalled()
})

test('interceptors wrap the call, the first one outermost', async () => {
  const order: string[] = []
  const step =
    (name: string): Interceptor =>
    (next) =>
    async (call) => {
      order.push(name)
      return next(call)
    }
  await applyInterceptors(async () => OK, [step('first'), step('second')])(testCall())
  expect(order).toEqual(['first', 'second'])
})

test('a call knows its target before the first step, a name that leads nowhere has none', async () => {
  const seen: (string | undefined)[] = []
  const { ask } = await openApplication({
    interceptors: [
      (next) => (call) => {
        seen.push(call.target && `${call.target.server} ${call.target.name}`)
        return next(call)
      },
    ],
  })
  await ask()
  await ask('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"none__x"}}')
  await ask('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}')
  expect(seen).toEqual(['files echo', undefined, undefined])
})

test('a list starts what was never seen, all together, and nothing else [tools/list/never-seen]', async () => {
  const { upstreams, catalogue, ask } = await openApplication()
  catalogue.replace('other', page('a'))
  await ask(LIST)
  expect(upstreams.warmed).toEqual(['files'])
})

test('a list under one server starts only that server', async () => {
  const { upstreams, ask } = await openApplication()
  await ask(LIST, { scope: 'other' })
  expect(upstreams.warmed).toEqual(['other'])
})

test('a list does not wait longer than its patience, and later lists not at all [tools/list/patience]', async () => {
  const upstreams = new FakeUpstreams(undefined, (_server, signal) => never(signal))
  const { ask } = await openApplication({ upstreams, listWaitMs: 15 })
  const first = performance.now()
  const { result } = parsed(wholeAnswer(await ask(LIST)))
  expect(performance.now() - first).toBeGreaterThanOrEqual(14)
  expect(result).toMatchObject({
    tools: [],
    _meta: {
      'dev.sallyport/sources': [
        { server: 'files', tools: 0, at: null },
        { server: 'other', tools: 0, at: null },
      ],
    },
  })
  let answered = false
  void ask(LIST).then(() => {
    answered = true
  })
  await new Promise(setImmediate)
  expect(answered).toBe(true)
})

test('a list that arrives while servers start waits with the first one [tools/list/never-seen]', async () => {
  const started = Promise.withResolvers<void>()
  const upstreams = new FakeUpstreams(undefined, () => started.promise)
  const { ask, catalogue } = await openApplication({ upstreams })
  const lists = [ask(LIST), ask(LIST)]
  await new Promise(setImmediate)
  catalogue.replace('files', page('echo'))
  started.resolve()
  const tools = (await Promise.all(lists)).map(
    (answer) => parsed(wholeAnswer(answer)).result?.['tools'],
  )
  expect(tools).toEqual([[{ name: 'files__echo' }], [{ name: 'files__echo' }]])
})

test('a server that cannot start does not fail the list [tools/list/not-started]', async () => {
  const upstreams = new FakeUpstreams(undefined, (server) =>
    server === 'files'
      ? Promise.reject(new AppError('server_start_failed', 'no'))
      : Promise.resolve(),
  )
  const { ask } = await openApplication({ upstreams })
  expect(parsed(wholeAnswer(await ask(LIST))).result).toMatchObject({ tools: [] })
})
