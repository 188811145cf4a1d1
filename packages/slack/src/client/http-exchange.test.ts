import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createProxy } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { Deadlines } from '@sallyport/kit/limits'
import { expect, test, vi } from 'vitest'
import { ClientBench } from '../../test/fixtures/client-bench.ts'
import { json, ScriptedHttp } from '../../test/fixtures/scripted-http.ts'
import { HttpExchange } from './http-exchange.ts'

const ROUNDS = 500
const AT_ONCE = 50

const ends = (call: Promise<unknown>): Promise<AppError> =>
  call.then(
    () => new AppError('internal', 'it did not fail'),
    (thrown: unknown) => AppError.from(thrown),
  )

test('a Slack that hangs is left at the deadline, and its connection is closed [slack/client/deadline]', async () => {
  await using slack = await ScriptedHttp.open(() => undefined)
  using bench = new ClientBench({ origin: slack.origin })
  const read = bench.call('T1', 'team.info', {}, { deadlineMs: bench.inMs(100) })
  expect(await ends(read)).toMatchObject({ code: 'deadline_exceeded', outcome: 'unknown' })
  const write = bench.call('T1', 'pins.add', {}, { write: true, deadlineMs: bench.inMs(100) })
  expect(await ends(write)).toMatchObject({ code: 'slack_outcome_unknown' })
  expect(slack.seen).toHaveLength(2)
  await vi.waitFor(async () => expect(await slack.connections()).toBe(0))
  expect([bench.exchange.sockets, bench.deadlines.size]).toEqual([0, 0])
})

test('who is cancelled is let go at once, with what is known of the call', async () => {
  await using slack = await ScriptedHttp.open(() => undefined)
  using bench = new ClientBench({ origin: slack.origin })
  const cancelled = async (code: 'cancelled' | 'deadline_exceeded' | 'shutting_down') => {
    const controller = new AbortController()
    const { signal } = controller
    const before = slack.seen.length
    const calls = [false, true].map((write) =>
      ends(bench.call('T1', 'pins.add', {}, { signal, write })),
    )
    await vi.waitFor(() => expect(slack.seen).toHaveLength(before + 2))
    controller.abort(new AppError(code, 'over'))
    return (await Promise.all(calls)).map(({ code: told, outcome }) => `${told} ${outcome}`)
  }
  expect(await cancelled('cancelled')).toEqual(['cancelled unknown', 'cancelled unknown'])
  expect(await cancelled('deadline_exceeded')).toEqual([
    'deadline_exceeded unknown',
    'slack_outcome_unknown unknown',
  ])
  expect(await cancelled('shutting_down')).toEqual([
    'shutting_down unknown',
    'slack_outcome_unknown unknown',
  ])
  const sent = slack.seen.length
  const signal = AbortSignal.abort(new AppError('cancelled', 'before it began'))
  expect(await ends(bench.call('T1', 'pins.add', {}, { signal, write: true }))).toMatchObject({
    code: 'cancelled',
  })
  expect(slack.seen).toHaveLength(sent)
})

test('after 500 calls that hang, end early, are cut or answered no connection and no deadline is left [slack/client/deadline]', async () => {
  await using slack = await ScriptedHttp.open((seen, res) => {
    if (seen.path.endsWith('/team.info')) json(res, { ok: true })
    else if (seen.path.endsWith('/auth.test')) res.destroy()
    else if (seen.path.endsWith('/emoji.list')) res.writeHead(200).write('{"ok"')
  })
  using bench = new ClientBench({ origin: slack.origin, callsPerMinute: 1_000_000 })
  const methods = ['team.info', 'auth.test', 'users.info', 'emoji.list', 'pins.list']
  const round = async (index: number): Promise<void> => {
    const controller = new AbortController()
    const { signal } = controller
    const method = methods[index % methods.length] ?? ''
    const over = ends(
      bench.call(
        `T${index % 3}`,
        method,
        {},
        { signal, write: true, deadlineMs: bench.inMs(5_000) },
      ),
    )
    if (method === 'team.info' || method === 'auth.test') await over
    // Some before the request is out, some after.
    else if (index % 2 === 0) setImmediate(() => controller.abort(new AppError('cancelled', 'x')))
    else controller.abort(new AppError('cancelled', 'x'))
    await over
  }
  for (let at = 0; at < ROUNDS; at += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => round(at + index)))
  }
  expect(bench.deadlines.size).toBe(0)
  // What is kept for the next request closes by itself, with the clients at the latest.
  await vi.waitFor(async () => expect(await slack.connections()).toBe(bench.exchange.sockets))
  bench.exchange[Symbol.dispose]()
  await vi.waitFor(async () => expect(await slack.connections()).toBe(0))
})

/** Sends one request over an exchange of its own. */
async function sendOnce(url: string, environment: NodeJS.ProcessEnv = {}) {
  using deadlines = new Deadlines(systemClock)
  using exchange = new HttpExchange(deadlines, environment)
  const { signal } = new AbortController()
  const bounds = { signal, timeoutMs: 5_000, bytesMax: 1_000 }
  return await exchange.send({ method: 'POST', url, headers: {}, body: 'token=x', ...bounds })
}

test('a certificate that nobody vouches for is refused before a byte of the request is sent', async () => {
  const tls = '../../../gateway/test/fixtures/upstreams/tls/'
  const read = (name: string): Buffer => readFileSync(new URL(tls + name, import.meta.url))
  const files = { key: read('localhost-key.pem'), cert: read('localhost.pem') }
  let requests = 0
  const server = createServer(files, () => (requests += 1))
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // listening on TCP
  const outcome = await sendOnce(`https://127.0.0.1:${port}/api/chat.postMessage`)
  expect(outcome).toMatchObject({ kind: 'failure', why: 'network', sent: false })
  expect(requests).toBe(0)
  server.close()
  await once(server, 'close')
})

test('the proxy of the environment is asked for hosts elsewhere, never for this one, and what it refuses was not sent', async () => {
  await using direct = await ScriptedHttp.open((_seen, res) => json(res, { ok: true }))
  const asked: string[] = []
  const proxy = createProxy().on('connect', (req, socket) => {
    asked.push(req.url ?? '')
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  proxy.listen({ host: '127.0.0.1', port: 0 })
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo // listening on TCP
  const at = `http://127.0.0.1:${port}`
  const environment = { HTTPS_PROXY: at, HTTP_PROXY: at }
  const outcome = await sendOnce('https://slack.invalid/api/chat.postMessage', environment)
  expect(outcome).toMatchObject({ kind: 'failure', why: 'network', sent: false })
  expect(asked).toEqual(['slack.invalid:443'])
  expect(await sendOnce(direct.origin, environment)).toMatchObject({ status: 200 })
  expect(asked).toHaveLength(1)
  proxy.close()
  await once(proxy, 'close')
})

test('one connection serves calls one after another', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) => json(res, { ok: true }))
  using bench = new ClientBench({ origin: slack.origin, callsPerMinute: 100_000 })
  for (let call = 0; call < 20; call += 1) await bench.call('T1', 'team.info')
  expect(await slack.connections()).toBe(1)
})
