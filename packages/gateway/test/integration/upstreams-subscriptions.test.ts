import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import {
  asker,
  callText,
  hostileServer,
  httpServer,
  openTestUpstreams,
  principal,
  type TestUpstreams,
  until,
} from '../fixtures/upstreams/harness.ts'
import { json, startRawHttp } from '../fixtures/upstreams/raw-http-server.ts'

const CAPABILITIES = JSON.stringify({ resources: { subscribe: true }, logging: {} })
const SIGNAL = AbortSignal.timeout(60_000)

/** The URIs that the server of `one` is asked to tell of. */
async function wanted({ upstreams }: TestUpstreams): Promise<string[]> {
  const state = JSON.parse(await callText(upstreams, ['one', 'subscribed'])) as {
    uris: string[]
    listens: { resourceSubscriptions: string[] }[]
  } // written by our own fixture
  return [...state.uris, ...state.listens.flatMap((one) => one.resourceSubscriptions)].toSorted()
}

function update(test: TestUpstreams, uri: string): Promise<string> {
  const method = 'notifications/resources/updated'
  return callText(test.upstreams, ['one', 'announce'], { method, params: { uri, n: 1 } })
}

describe.each([
  ['legacy', {}],
  ['modern', { MODERN: 'yes' }],
] as const)('subscriptions at a %s server', (era, env) => {
  const server = (changes = {}) => hostileServer({ ...env, CAPABILITIES }, changes)

  test('are counted: asked for once, told of with the key, ended with the last [upstreams/subscriptions]', async () => {
    await using test = await openTestUpstreams({ one: server() })
    const { upstreams } = test
    await Promise.all([
      upstreams.subscribe('one', asker(), 'file:///a', SIGNAL),
      upstreams.subscribe('one', asker(), 'file:///a', SIGNAL),
      upstreams.subscribe('one', asker(), 'file:///b', SIGNAL),
    ])
    expect(await wanted(test)).toEqual(['file:///a', 'file:///b'])
    await update(test, 'file:///a')
    await until(() => test.updates.length === 1, 'the change is told')
    expect(test.updates[0]).toMatchObject({ server: 'one', key: 'key:a', uri: 'file:///a' })
    expect(JSON.parse(test.updates[0]?.params ?? '')).toMatchObject({ uri: 'file:///a', n: 1 })
    upstreams.unsubscribe('one', asker(), 'file:///a')
    upstreams.unsubscribe('one', asker(), 'file:///b')
    await until(async () => (await wanted(test)).join() === 'file:///a', 'one is left')
    upstreams.unsubscribe('one', asker(), 'file:///a')
    await until(async () => (await wanted(test)).length === 0, 'none is left')
    upstreams.unsubscribe('one', asker(), 'file:///a')
  })

  test('that the server refuses are the caller’s error, and leave nothing behind', async () => {
    await using test = await openTestUpstreams({ one: server() })
    await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
    await expect(test.upstreams.subscribe('one', asker(), 'no:b', SIGNAL)).rejects.toMatchObject({
      code: 'server_protocol',
      message:
        era === 'legacy' ? 'never heard of it' : (expect.stringContaining('grant') as string),
    })
    await until(async () => (await wanted(test)).join() === 'file:///a', 'the first is kept')
  })

  test('keep a session from being idle until the last ends', async () => {
    await using test = await openTestUpstreams({ one: server({ idleAfterMs: 300 }) })
    await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
    const { pids } = test.status('one')
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect(test.status('one').pids).toEqual(pids)
    test.upstreams.unsubscribe('one', asker(), 'file:///a')
    await until(() => test.status('one').state === 'cold', 'the session is let go')
  })

  test('are made anew on a session that replaces a lost one, without a call, and what may have been missed is told [upstreams/subscriptions/kept]', async () => {
    await using test = await openTestUpstreams({ one: server({ idleAfterMs: 300 }) })
    const uris = Array.from({ length: 20 }, (_, n) => `file:///${n}`)
    for (const uri of uris) await test.upstreams.subscribe('one', asker(), uri, SIGNAL)
    const [pid = 0] = test.status('one').pids
    process.kill(pid, 'SIGKILL')
    await until(() => test.updates.length === uris.length, 'what was missed is told')
    expect(test.updates.map(({ uri }) => uri).toSorted()).toEqual(uris.toSorted())
    expect(await wanted(test)).toEqual(uris.toSorted())
    expect(test.status('one').pids).not.toContain(pid)
  })

  test('are a thousand at most', async () => {
    await using test = await openTestUpstreams({ one: server() })
    const subscribe = (n: number): Promise<void> =>
      test.upstreams.subscribe('one', asker(), `file:///${n}`, SIGNAL)
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => subscribe(n)))
    await expect(subscribe(1_000)).rejects.toMatchObject({ code: 'overloaded' })
    await subscribe(999)
    expect(await wanted(test)).toHaveLength(1_000)
  })
})

test('a server that has no subscriptions is not asked for one', async () => {
  await using test = await openTestUpstreams({ one: hostileServer() })
  await expect(test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)).rejects.toMatchObject(
    { code: 'server_protocol' },
  )
  expect(await wanted(test)).toEqual([])
})

test('a subscription that finds its session forgotten is made on the next one', async () => {
  let sessions = 0
  await using server = await startRawHttp((seen, response) => {
    const { id, method } = seen.body
    const stale = seen.headers['mcp-session-id'] === 's1'
    if (method === 'initialize') {
      sessions += 1
      response.setHeader('mcp-session-id', `s${sessions}`)
      const capabilities = { resources: { subscribe: true } }
      json(response, { id, result: { protocolVersion: '2025-11-25', capabilities } })
    } else if (seen.method === 'GET') response.writeHead(405).end()
    else if (seen.method === 'DELETE') response.writeHead(200).end()
    else if (method === 'server/discover') json(response, { id, error: { code: -1 } }, 400)
    else if (id === undefined) response.writeHead(202).end()
    else if (method === 'resources/subscribe' && stale) response.writeHead(404).end()
    else json(response, { id, result: { resources: [], resourceTemplates: [] } })
  })
  await using test = await openTestUpstreams({ one: httpServer(server.url) })
  await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
  const asked = server.of('resources/subscribe').map(({ headers }) => headers['mcp-session-id'])
  expect(asked).toEqual(['s1', 's2'])
})

test('a subscriber that leaves while the server starts leaves no subscription', async () => {
  const server = hostileServer({ CAPABILITIES, START_DELAY_MS: '300' })
  await using test = await openTestUpstreams({ one: server })
  const leaving = new AbortController()
  const subscribing = test.upstreams.subscribe('one', asker(), 'file:///a', leaving.signal)
  leaving.abort(new AppError('cancelled', 'gone'))
  await expect(subscribing).rejects.toMatchObject({ code: 'cancelled' })
  await test.upstreams.warm('one', asker(), SIGNAL)
  await until(async () => (await wanted(test)).length === 0, 'nothing is subscribed')
})

test('a modern stream over HTTP is acknowledged before the one before it is dropped', async () => {
  const open = new Set<string>()
  const seenOpen: string[][] = []
  await using server = await startRawHttp((seen, response) => {
    const { id, method, params } = seen.body
    if (method === 'server/discover') {
      const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } }
      json(response, { id, result: { supportedVersions: ['2026-07-28'], capabilities } })
    } else if (method === 'subscriptions/listen') {
      const { notifications } = params as { notifications: { resourceSubscriptions?: string[] } } // a listen
      const name = notifications.resourceSubscriptions?.join() ?? 'lists only'
      open.add(name)
      seenOpen.push([...open])
      response.on('close', () => open.delete(name))
      const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
      const acknowledged = {
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { notifications, _meta },
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify(acknowledged)}\n\n`)
    } else json(response, { id, result: { tools: [], resources: [], resourceTemplates: [] } })
  })
  await using test = await openTestUpstreams({ one: httpServer(server.url) })
  await test.upstreams.warm('one', asker(), SIGNAL)
  await until(() => open.has('lists only'), 'the first stream stands')
  await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
  await test.upstreams.subscribe('one', asker(), 'file:///b', SIGNAL)
  await until(() => open.size === 1, 'one stream is left')
  expect([...open]).toEqual(['file:///a,file:///b'])
  expect(seenOpen.at(1)).toEqual(['lists only', 'file:///a'])
})

describe('log levels', () => {
  const server = hostileServer({ CAPABILITIES })
  const level = (test: TestUpstreams, options: Parameters<typeof callText>[3]): Promise<string> =>
    callText(test.upstreams, ['one', 'level'], {}, options)

  test('are set before the call that wants them, only when the server sends less, and per session [upstreams/log-level]', async () => {
    await using test = await openTestUpstreams({ one: server })
    expect(await level(test, {})).toBe('')
    expect(await level(test, { logLevel: 'warning' })).toBe('warning')
    expect(await level(test, { logLevel: 'error' })).toBe('warning')
    const both = [level(test, { logLevel: 'debug' }), level(test, { logLevel: 'info' })]
    expect(await Promise.all(both)).toEqual(['debug', 'debug'])
    expect(await level(test, { as: principal('key:b') })).toBe('')
  })

  test('are left alone at a server without log messages', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    expect(await level(test, { logLevel: 'debug' })).toBe('')
  })

  test('are set again on a session that replaces a lost one while there are subscriptions', async () => {
    await using test = await openTestUpstreams({ one: server })
    await level(test, { logLevel: 'info' })
    await test.upstreams.subscribe('one', asker(), 'file:///a', SIGNAL)
    const [pid = 0] = test.status('one').pids
    process.kill(pid, 'SIGKILL')
    await until(() => test.updates.length === 1, 'the session is back')
    await until(async () => (await level(test, {})) === 'info', 'the level is back')
  })

  test('a call that is cancelled while the level is set reaches no server', async () => {
    await using http = await startRawHttp((seen, response) => {
      const { id, method } = seen.body
      if (method === 'initialize') {
        const capabilities = { logging: {} }
        json(response, { id, result: { protocolVersion: '2025-11-25', capabilities } })
      } else if (seen.method === 'GET') response.writeHead(405).end()
      else if (method === 'server/discover') json(response, { id, error: { code: -1 } }, 400)
      else if (id === undefined) response.writeHead(202).end()
    })
    await using test = await openTestUpstreams({ one: httpServer(http.url) })
    const leaving = new AbortController()
    const call = callText(
      test.upstreams,
      ['one', 'x'],
      {},
      { logLevel: 'info', signal: leaving.signal },
    )
    await until(() => http.of('logging/setLevel').length === 1, 'the level is on its way')
    leaving.abort(new AppError('deadline_exceeded', 'too slow'))
    await expect(call).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'not_sent' })
    expect(http.of('tools/call')).toEqual([])
  })
})

test('a log message belongs to the only call in flight, and to the session once there are two or none', async () => {
  await using test = await openTestUpstreams({ one: hostileServer({ CAPABILITIES }) })
  const heard: string[] = []
  const onNotification = ({ method }: { method: string }): void => void heard.push(method)
  await callText(test.upstreams, ['one', 'level'], {}, { onNotification })
  expect([heard, test.told]).toEqual([['notifications/message'], []])
  const leaving = new AbortController()
  const hanging = callText(test.upstreams, ['one', 'hang'], {}, { signal: leaving.signal })
  await callText(test.upstreams, ['one', 'level'], {}, { onNotification })
  expect(heard).toHaveLength(1)
  expect(test.told.map(({ server, key }) => `${server} ${key}`)).toEqual(['one key:a'])
  leaving.abort(new AppError('cancelled', 'gone'))
  await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
})
