import type { CallSignal } from '@sallyport/kit/call-signal'
import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { Deadlines } from '@sallyport/kit/limits'
import { type Log, silentLog } from '@sallyport/kit/log'
import { wholeAnswer } from '@sallyport/kit/mcp'
import { NO_TRACER } from '@sallyport/kit/tracing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { testTaskIds } from '../questions/testing-questions.ts'
import { Subscriptions } from '../subscriptions/subscriptions.ts'
import { GatewayApplication } from './application.ts'
import {
  applyInterceptors,
  type Call,
  type CallHandler,
  type CallResult,
  type Interceptor,
} from './call.ts'
import { createDispatch } from './dispatch.ts'
import { ServerMeeting } from './meet-servers.ts'
import { TargetFinder } from './target-finder.ts'
import {
  FakeUpstreams,
  FakeViews,
  parsed,
  testCall,
  testExchange,
  type TestExchangeOptions,
  testMessage,
  testPrincipal,
  testServer,
  testSession,
} from './testing-call.ts'

const OK: CallResult = {
  answer: { bytes: Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}'), status: 200 },
  outcome: 'ok',
  code: null,
}
const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'

interface Options {
  readonly dispatch?: CallHandler
  readonly interceptors?: readonly Interceptor[]
  readonly upstreams?: FakeUpstreams
  readonly views?: FakeViews
  readonly listWaitMs?: number
  readonly log?: Log
}

function openApplication(options: Options = {}) {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  onTestFinished(() => deadlines[Symbol.dispose]())
  const log = options.log ?? silentLog
  const upstreams = options.upstreams ?? new FakeUpstreams()
  const servers = [testServer('files', { callMs: 500 }), testServer('other')]
  const views = options.views ?? new FakeViews({ servers, unseen: ['files', 'other'] })
  const meeting = new ServerMeeting({ upstreams, log, waitMs: options.listWaitMs ?? 5_000 })
  const subscriptions = new Subscriptions({ upstreams, log })
  const carried: Call[] = []
  const carry: CallHandler = async (call) => {
    carried.push(call)
    return OK
  }
  const app = new GatewayApplication({
    tracer: NO_TRACER,
    marks: { draining: undefined },
    version: '1.2.3',
    ...{ views, upstreams, subscriptions, meeting, deadlines, clock, log },
    targets: new TargetFinder({ views, taskIds: testTaskIds(), servers: views.configs }),
    interceptors: options.interceptors ?? [],
    dispatch: options.dispatch ?? createDispatch({ views, meeting, subscriptions, carry }),
    limits: { callMs: 30_000, holdMs: 60_000 },
  })
  const ask = (text?: string, more?: TestExchangeOptions) => app.request(testExchange(text, more))
  return { app, clock, deadlines, upstreams, views, subscriptions, carried, ask }
}

const never = (signal: CallSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** Nobody is told before the event loop turned. */
const turn = () => new Promise(setImmediate)

const caller = { principal: testPrincipal(), signal: new AbortController().signal }

test('there is a scope for the whole, each server and each endpoint, and no other', () => {
  const { app } = openApplication()
  expect(
    ['', 'files', 'endpoint/e', 'none', '__proto__'].map((scope) =>
      app.hasScope(scope, testPrincipal()),
    ),
  ).toEqual([true, true, true, false, false])
})

test('the face of the whole waits for no server, that of one server for it alone', async () => {
  const { app, upstreams } = openApplication()
  expect(await app.face('', 'legacy', caller)).toMatchObject({
    serverInfo: { name: 'sallyport', version: '1.2.3' },
  })
  expect(upstreams.warmed).toEqual([])
  await app.face('other', 'modern', caller)
  expect(upstreams.warmed).toEqual(['other'])
})

test("a call over its server's own deadline ends with a typed answer, not before [limits/deadline]", async () => {
  const { clock, deadlines, ask } = openApplication({
    dispatch: ({ exchange }) => never(exchange.controller.signal),
  })
  let ended = false
  const asked = ask().finally(() => {
    ended = true
  })
  clock.advance(499)
  deadlines.expireDue()
  await turn()
  expect(ended).toBe(false)
  clock.advance(60)
  deadlines.expireDue()
  expect(parsed(wholeAnswer(await asked)).result).toMatchObject({
    isError: true,
    _meta: { 'dev.sallyport/error': { code: 'deadline_exceeded' } },
  })
})

test('a call that was answered leaves no deadline behind', async () => {
  const { deadlines, ask } = openApplication()
  await ask()
  expect(deadlines.size).toBe(0)
})

test('a defect is answered without its text and logged with it [wire/error/inner-text]', async () => {
  const error = vi.fn()
  const { ask } = openApplication({
    dispatch: () => Promise.reject(new TypeError('cannot read password of undefined')),
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
  const { ask } = openApplication({
    dispatch: () => Promise.reject(new AppError('server_lost', 'gone')),
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
  const { ask } = openApplication({
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
  const views = new FakeViews({
    servers: [testServer('files'), testServer('other'), testServer('third')],
    unseen: ['files', 'third'],
  })
  const { upstreams, ask } = openApplication({ views })
  await ask(LIST)
  expect(upstreams.warmed).toEqual(['files', 'third'])
})

test('a list under one server starts only that server', async () => {
  const { upstreams, ask } = openApplication()
  await ask(LIST, { scope: 'other' })
  expect(upstreams.warmed).toEqual(['other'])
})

test('a list does not wait longer than its patience, and later lists not at all [tools/list/patience]', async () => {
  const upstreams = new FakeUpstreams(undefined, (_server, signal) => never(signal))
  const { ask, views } = openApplication({ upstreams, listWaitMs: 15 })
  const first = performance.now()
  expect(parsed(wholeAnswer(await ask(LIST))).result).toEqual({ tools: [] })
  expect(performance.now() - first).toBeGreaterThanOrEqual(14)
  void ask(LIST)
  await turn()
  expect(views.listed).toEqual(['tools', 'tools'])
})

test('a list that arrives while servers start waits with the first one [tools/list/never-seen]', async () => {
  const started = Promise.withResolvers<void>()
  const upstreams = new FakeUpstreams(undefined, () => started.promise)
  const { ask, views } = openApplication({ upstreams })
  const lists = [ask(LIST), ask(LIST)]
  await turn()
  expect(views.listed).toEqual([])
  started.resolve()
  await Promise.all(lists)
  expect(views.listed).toEqual(['tools', 'tools'])
})

test('a server that cannot start does not fail the list [tools/list/not-started]', async () => {
  const upstreams = new FakeUpstreams(undefined, (server) =>
    server === 'files'
      ? Promise.reject(new AppError('server_start_failed', 'no'))
      : Promise.resolve(),
  )
  const { ask } = openApplication({ upstreams })
  expect(parsed(wholeAnswer(await ask(LIST))).result).toMatchObject({ tools: [] })
})

test.each([
  ['tools/list', 'tools'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
  ['prompts/list', 'prompts'],
] as const)('%s is answered from what was read, and no server is asked', async (method, kind) => {
  const { ask, views, upstreams } = openApplication()
  await ask(`{"jsonrpc":"2.0","id":1,"method":"${method}"}`)
  expect([views.listed, upstreams.calls]).toEqual([[kind], []])
})

test('a name that leads nowhere may belong to a server that was never met; what names nothing starts none', async () => {
  const views = new FakeViews({ unseen: ['files'] })
  const { ask, upstreams } = openApplication({ views })
  await ask('{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"info"}}')
  await ask('{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t"}}')
  await ask('{"jsonrpc":"2.0","id":1,"method":"resources/unsubscribe","params":{"uri":"a:b"}}')
  expect(upstreams.warmed).toEqual([])
  await ask('{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"x"}}')
  expect(upstreams.warmed).toEqual(['files'])
})

test('a remote tool that was never listed is looked up first, a local one is not [wire/header/param]', async () => {
  const remote = testServer('far', { kind: 'http', url: 'http://far.test/mcp', headers: {} })
  const servers = [remote, testServer('files')]
  const views = new FakeViews({ servers, unseen: ['far', 'files'] })
  const { ask, upstreams } = openApplication({ views })
  const call = (name: string) =>
    ask(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}"}}`)
  await call('files__echo')
  expect(upstreams.warmed).toEqual([])
  await call('far__echo')
  expect(upstreams.warmed).toEqual(['far'])
})

test('a level is kept in the session, and a wrong one is refused naming those there are', async () => {
  const { ask, carried } = openApplication()
  const session = testSession()
  const set = async (level: string) =>
    parsed(
      wholeAnswer(
        await ask(
          `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":${level}}}`,
          {
            session,
          },
        ),
      ),
    )
  for (const wrong of ['"loud"', '7', 'null', '"toString"']) {
    const { error } = await set(wrong)
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('debug, info') })
  }
  expect(session.logLevel).toBe(undefined)
  expect(await set('"error"')).toMatchObject({ result: {} })
  expect([session.logLevel, carried]).toEqual(['error', []])
})

const WATCHED = { resources: { 'files+a:b': ['files', 'a:b'], 'c:d': ['files', 'c:d'] } } as const

test('a resource is watched under its public name until it is let go of', async () => {
  const views = new FakeViews(WATCHED)
  const { ask, upstreams, carried } = openApplication({ views })
  const session = testSession()
  const about = async (method: string, uri: string) => {
    const text = `{"jsonrpc":"2.0","id":1,"method":"resources/${method}","params":{"uri":"${uri}"}}`
    return parsed(wholeAnswer(await ask(text, { session }))).result
  }
  expect(await about('subscribe', 'files+a:b')).toEqual({})
  expect(upstreams.subscribed).toEqual(['alice files a:b'])
  // Its own name leads nowhere here.
  await about('subscribe', 'a:b')
  expect(carried.map(({ target }) => target)).toEqual([undefined])
  expect(await about('unsubscribe', 'a:b')).toEqual({})
  expect(await about('unsubscribe', 'files+a:b')).toEqual({})
  expect(upstreams.subscribed).toEqual([])
})

test('a listen is granted what leads somewhere and what its server takes, and the lists it asked for', async () => {
  const { app, upstreams } = openApplication({ views: new FakeViews(WATCHED) })
  upstreams.onSubscribe = (uri) =>
    uri === 'c:d' ? Promise.reject(new AppError('server_protocol', 'no')) : Promise.resolve()
  const filter = { tools: true, prompts: false, resources: true, uris: ['x:y', 'c:d', 'files+a:b'] }
  const listen = '{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{}}'
  const exchange = testExchange(listen, { era: 'modern' })
  expect(await app.listen(testSession(), filter, exchange)).toEqual({
    ...filter,
    uris: ['files+a:b'],
  })
  expect(upstreams.subscribed).toEqual(['alice files a:b'])
})

test('a listen passes every step of a call, and what a step refuses is watched nowhere [record/listen]', async () => {
  const seen: string[] = []
  const refuse: Interceptor = () => (call) => {
    seen.push(call.exchange.message.method)
    return Promise.reject(new AppError('forbidden', 'no', { outcome: 'not_sent' }))
  }
  const { app, upstreams } = openApplication({
    views: new FakeViews(WATCHED),
    interceptors: [refuse],
  })
  const listen = '{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{}}'
  const filter = { tools: true, prompts: false, resources: true, uris: ['files+a:b'] }
  const exchange = testExchange(listen, { era: 'modern' })
  const answer = await app.listen(testSession(), filter, exchange)
  expect('bytes' in answer && parsed(answer.bytes).error).toMatchObject({ code: -31000 })
  expect([seen, upstreams.subscribed]).toEqual([['subscriptions/listen'], []])
})

test('a modern client that did not declare tasks is told so, a legacy one need not [tasks/declared]', async () => {
  const { ask, carried } = openApplication()
  const get = (capabilities: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t","_meta":{"io.modelcontextprotocol/clientCapabilities":${capabilities}}}}`
  for (const lacking of ['{}', '{"extensions":{"a/b":{}}}', '{"tasks":{}}']) {
    const answer = await ask(get(lacking), { era: 'modern' })
    expect([answer.status, parsed(wholeAnswer(answer)).error]).toMatchObject([
      400,
      {
        code: -32021,
        data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
      },
    ])
  }
  expect(carried).toEqual([])
  await ask(get('{"extensions":{"io.modelcontextprotocol/tasks":{}}}'), { era: 'modern' })
  await ask(get('{}'))
  expect(carried).toHaveLength(2)
})

test('methods of tasks are there while some server has tasks, or was never met', () => {
  const handles = (views: FakeViews) =>
    openApplication({ views }).app.handles('tasks/get', 'legacy', '', testPrincipal())
  const facts = (capabilities: string) =>
    ({
      facts: { files: { era: 'legacy', capabilities, instructions: undefined } },
    }) as const
  expect(handles(new FakeViews())).toBe(true)
  expect(handles(new FakeViews(facts('{"tools":{}}')))).toBe(false)
  expect(handles(new FakeViews(facts('{"tasks":{}}')))).toBe(true)
})

test("only a change of a legacy client's roots is passed on, to the servers of its scope", () => {
  const { app, upstreams } = openApplication()
  const tell = (method: string, scope: string) =>
    app.notified(
      testSession('{}', { scope }),
      testMessage(`{"jsonrpc":"2.0","method":"${method}"}`),
    )
  tell('notifications/acme', '')
  tell('notifications/roots/list_changed', 'other')
  expect(upstreams.notified).toEqual(['other notifications/roots/list_changed'])
})
