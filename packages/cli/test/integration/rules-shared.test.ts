/** Two keys on one upstream session (`share: all`), and what is left of a key that was revoked. */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  answerOn,
  answerTo,
  askedBy,
  AskedSession,
  modernRequest,
  questionOn,
  said,
  sendModern,
} from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { EventStream } from '../fixtures/event-stream.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import type { Answer } from '../fixtures/send.ts'
import {
  askForm,
  type ScriptedServer,
  startScripted,
  text,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, type Target, textOf } from '../fixtures/wire.ts'

const CHILD = fileURLToPath(new URL('../fixtures/servers/asking-stdio.ts', import.meta.url))
const KINDS = ['child', 'remote'] as const

let gateway: TestGateway
let mine: Target
let theirs: Target
let remote: ScriptedServer
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const tools = ['ask', 'echo', 'steps', 'log', 'hold'].map((name) => tool(name))
  type Call = Parameters<typeof askForm>[0]
  const messageOf = ({ params }: Call): string =>
    String((params['arguments'] as { message?: unknown } | undefined)?.message ?? '') // as these tests send it
  const call = {
    ask: askForm,
    echo: (one: Call) => one.result(text(messageOf(one))),
    hold: () => undefined,
    steps: (one: Call) => {
      const { progressToken } = one.params['_meta'] as { progressToken: unknown } // as these tests send it
      const params = { progressToken, progress: 1, message: messageOf(one) }
      one.send({ method: 'notifications/progress', params })
      one.result(text(messageOf(one)))
    },
    log: (one: Call) => {
      one.send({
        method: 'notifications/message',
        params: { level: 'error', data: messageOf(one) },
      })
      one.result(text(messageOf(one)))
    },
  }
  const capabilities = { tools: { listChanged: true }, logging: {} }
  remote = owned.use(await startScripted({ era: 'legacy', tools, call, capabilities }))
  const { auth, next } = callers()
  gateway = owned.use(
    await startGateway({
      config: {
        auth,
        mcpServers: {
          child: { command: process.execPath, args: [CHILD], share: 'all', callTimeout: '3s' },
          remote: { url: remote.url, share: 'all' },
        },
      },
    }),
  )
  mine = { url: gateway.url, token: next() }
  theirs = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

describe.each(KINDS)('a %s server that two keys share', (server) => {
  test('gives each its own answers and progress, whatever ids and tokens both chose [upstreams/request-id] [wire/progress] [upstreams/share/all]', async () => {
    const steps = (target: Target, message: string): Promise<Answer> =>
      sendModern(
        target,
        'tools/call',
        { name: `${server}__steps`, arguments: { message } },
        { id: 'same', meta: { progressToken: 'same' } },
      )
    const turns = Array.from({ length: 8 }, (_, turn) => turn)
    const answers = await Promise.all(
      turns.flatMap((turn) => [steps(mine, `mine ${turn}`), steps(theirs, `theirs ${turn}`)]),
    )
    for (const [at, answer] of answers.entries()) {
      const own = `${at % 2 === 0 ? 'mine' : 'theirs'} ${Math.floor(at / 2)}`
      expect(textOf(answer)).toBe(own)
      const heard = [...answer.text.matchAll(/"message":"([^"]*)"/g)].map(([, one]) => one)
      expect(heard.every((one) => one === own)).toBe(true)
      expect(answer.text).not.toContain(at % 2 === 0 ? 'theirs' : 'mine')
    }
  })

  test('asks only who called, or nobody where it cannot be told; the other key’s streams stay silent [upstreams/question/own-client]', async () => {
    const stranger = await AskedSession.open(theirs)
    await using news = await stranger.listen()
    const own = await AskedSession.open(mine)
    await using call = await own.beginCall(`${server}__ask`)
    const question = await questionOn(call)
    await own.answer(question)
    expect(said(await answerOn(call))).toContain('blue')
    // Both at once: on standard streams a question names no call.
    await using one = await own.beginCall(`${server}__ask`)
    if (server === 'remote') await own.answer(await questionOn(one))
    await using two = await stranger.beginCall(`${server}__ask`)
    const asked = two.messages.find(({ method }) => method === 'elicitation/create')
    if (server === 'remote') await stranger.answer(asked ?? (await questionOn(two)))
    else {
      const first = one.messages.find(({ method }) => method === 'elicitation/create')
      if (first) await own.answer(first)
      expect(JSON.stringify(await answerOn(two))).toContain('of 2 clients are in flight')
    }
    await answerOn(one)
    expect(news.text).not.toContain('elicitation')
  })

  test('is told on for one key: what it logs is heard by no session of the other [calls/logs] [subscriptions/told]', async () => {
    const stranger = await AskedSession.open(theirs)
    await using news = await stranger.listen()
    await stranger.post({
      jsonrpc: '2.0',
      id: 9,
      method: 'logging/setLevel',
      params: { level: 'debug' },
    })
    const session = await AskedSession.open(mine)
    await using call = await session.beginCall(`${server}__log`, { message: 'a canary' })
    expect(said(await answerOn(call))).toBe('a canary')
    await sleep(200)
    expect(news.text).not.toContain('canary')
  })
})

test('a shared server’s parked calls are each key’s own: neither answers the other’s [questions/state/bound]', async () => {
  const [own, other] = await Promise.all([
    askedBy(mine, 'remote__ask'),
    askedBy(theirs, 'remote__ask'),
  ])
  expect((await answerTo(mine, 'remote__ask', other)).json.error?.code).toBe(-32602)
  expect((await answerTo(theirs, 'remote__ask', own)).json.error?.code).toBe(-32602)
  expect(textOf(await answerTo(mine, 'remote__ask', own))).toContain('blue')
  expect(textOf(await answerTo(theirs, 'remote__ask', other))).toContain('blue')
})

describe('a child', () => {
  test('that answers twice, or for nobody, is heard once, and the next call has its own answer [upstreams/request-id]', async () => {
    for (const message of ['one', 'two', 'three']) {
      expect(textOf(await callTool(mine, 'child__twice', { message }))).toBe(message)
      expect(textOf(await callTool(theirs, 'child__echo', { message: `${message}!` }))).toBe(
        `${message}!`,
      )
    }
  })

  test('that never answers costs its call its time, and nobody else anything [limits/deadline]', async () => {
    const never = callTool(mine, 'child__never')
    expect(textOf(await callTool(theirs, 'child__echo', { message: 'm' }))).toBe('m')
    expect(failureOf(await never)).toMatchObject({ code: 'deadline_exceeded', outcome: 'unknown' })
    expect(textOf(await callTool(mine, 'child__echo', { message: 'm' }))).toBe('m')
  })

  test('that answers out of order answers each by its id [upstreams/request-id]', async () => {
    const calls = [callTool(mine, 'child__swap'), callTool(theirs, 'child__swap')]
    const [one, two] = (await Promise.all(calls)).map(textOf)
    expect(one).toMatch(/^\d+$/)
    expect(two).toMatch(/^\d+$/)
    expect(one).not.toBe(two)
  })
})

test('a key that is revoked loses its streams, its calls and its sessions at once, on every transport; the other key nothing [door/key/revoked-ends]', async () => {
  const token = await gateway.createKey('to-be-revoked')
  const target = { url: gateway.url, token }
  const session = await AskedSession.open(target)
  const kept = await AskedSession.open(theirs)
  const listenBody = modernRequest(target, 'subscriptions/listen', {
    notifications: { toolsListChanged: true },
  })
  const sse = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
  await using news = await session.listen()
  await using call = await session.beginCall('remote__hold')
  await using listening = await EventStream.open(gateway.url, listenBody.headers, listenBody.body)
  await using older = await EventStream.open(`${gateway.data}/sse`, sse)
  await using othersNews = await kept.listen()
  const { items } = await gateway.json<{ items: { id: string; name: string }[] }>(['keys', 'list'])
  const id = items.find(({ name }) => name === 'to-be-revoked')?.id ?? ''
  expect((await gateway.command(['keys', 'revoke', id])).code).toBe(0)
  const streams = { news, call, listening, older }
  await waitUntil('its streams to end', () =>
    Object.values(streams).every(({ ended }) => ended),
  ).catch(() => {
    const open = Object.entries(streams).filter(([, { ended }]) => !ended)
    throw new Error(`still open: ${open.map(([name]) => name).join()}`)
  })
  expect((await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(401)
  expect(othersNews.ended).toBe(false)
  expect((await kept.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200)
})
