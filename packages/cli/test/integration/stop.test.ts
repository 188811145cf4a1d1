import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { EventStream } from '../fixtures/event-stream.ts'
import { startGateway } from '../fixtures/gateway.ts'
import { kill } from '../fixtures/processes.ts'
import { head, RawConnection } from '../fixtures/raw-connection.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import {
  callTool,
  failureOf,
  LegacySession,
  modernBody,
  modernHeaders,
  textOf,
} from '../fixtures/wire.ts'

const UNRULY = fileURLToPath(new URL('../fixtures/servers/unruly-stdio.ts', import.meta.url))
/** Streams of one key are bounded, so the thousand are legacy sessions'. */
const STREAMS = 1_000

test('a thousand open streams end at once with a stop, and their sessions are served on by the next process [handover/stop/streams]', async () => {
  await using gateway = await startGateway({
    config: {
      mcpServers: { own: stdioServer() },
      limits: { perPrincipal: { rate: '100000/s', burst: 100_000 } },
    },
  })
  const target = { url: gateway.url, token: gateway.token }
  const sessions: LegacySession[] = []
  const streams: EventStream[] = []
  for (let made = 0; made < STREAMS; made += 50) {
    const opened = await Promise.all(Array.from({ length: 50 }, () => LegacySession.open(target)))
    const listening = opened.map(({ headers }) => EventStream.open(gateway.url, headers))
    sessions.push(...opened)
    streams.push(...(await Promise.all(listening)))
  }
  expect(streams.filter(({ status, ended }) => status === 200 && !ended)).toHaveLength(STREAMS)
  const startedMs = performance.now()
  expect(await gateway.stop()).toBe(0)
  expect(performance.now() - startedMs).toBeLessThan(10_000)
  await waitUntil('every stream to end', () => streams.every(({ ended }) => ended))
  await gateway.restart()
  for (const { headers } of [sessions[0], sessions.at(-1)].filter((one) => one !== undefined)) {
    await using again = await EventStream.open(gateway.url, headers)
    expect(again.status).toBe(200)
  }
}, 60_000)

test('a call that comes over an open connection while others drain is answered; what outlasts the drain is told that it may have acted, and what comes after is refused [handover/stop/late] [handover/stop/outlasted]', async () => {
  await using gateway = await startGateway({
    config: {
      limits: { drainTimeout: '2s' },
      mcpServers: { own: stdioServer({ EVENTS_FILE: './events.jsonl' }) },
    },
  })
  const target = { url: gateway.url, token: gateway.token }
  await using connection = await RawConnection.open(gateway.url)
  await using unused = await RawConnection.open(gateway.url)
  await connection.write(callBytes(gateway.token, 'first'))
  expect(await connection.status()).toBe(200)
  const outlasting = callTool(target, 'own__wait', { ms: 30_000 })
  const events = `${gateway.dir}/events.jsonl`
  await waitUntil('the call', async () =>
    (await serverEvents(events)).some(({ tool }) => tool === 'wait'),
  )

  const closed = portClosed(gateway.data)
  const stopped = gateway.stop()
  await closed
  await connection.write(callBytes(gateway.token, 'second'))
  expect(await connection.status(2)).toBe(200)
  await waitUntil('the connection to be closed', () => connection.ended)
  expect(connection.received).toMatch(/connection: close[^]*second/i)

  const failure = failureOf(await outlasting)
  expect(failure).toMatchObject({ code: 'shutting_down', retryable: false, outcome: 'unknown' })
  await unused.write(callBytes(gateway.token, 'third'))
  await waitUntil('the last connection to be closed', () => unused.ended)
  expect(unused.received).not.toContain('third')
  expect(await stopped).toBe(0)
})

test('with a stop delay the gateway is not ready first, takes calls yet, and only then closes its port [handover/stop/delay]', async () => {
  await using gateway = await startGateway({
    config: { limits: { stopDelay: '2s' }, mcpServers: { own: stdioServer() } },
  })
  const target = { url: gateway.url, token: gateway.token }
  const { data } = gateway
  const stopped = gateway.stop()
  await waitUntil('it to be unready', async () => {
    const answer = await fetch(`${data}/health/ready`)
    return answer.status === 503
  })
  const answer = await callTool(target, 'own__echo', { message: 'taken' })
  expect(textOf(answer)).toBe('taken')
  await portClosed(data)
  expect(await stopped).toBe(0)
})

test('a server that ignores its end is killed, and the gateway ends with 0 [handover/stop/hung]', async () => {
  await using gateway = await startGateway({
    config: {
      mcpServers: {
        own: { command: process.execPath, args: [UNRULY], env: { STUBBORN: '1' } },
      },
    },
  })
  const target = { url: gateway.url, token: gateway.token }
  expect(textOf(await callTool(target, 'own__echo'))).toBe('echo')
  expect(await gateway.children()).toHaveLength(1)
  expect(await gateway.stop()).toBe(0)
  expect(await gateway.children()).toEqual([])
})

test('a second signal during the drain forces the end [command/signal/forces]', async () => {
  await using gateway = await startGateway({
    config: { mcpServers: { own: stdioServer({ EVENTS_FILE: './events.jsonl' }) } },
  })
  const target = { url: gateway.url, token: gateway.token }
  const cut = callTool(target, 'own__wait', { ms: 30_000 }).catch((error: unknown) => error)
  const events = `${gateway.dir}/events.jsonl`
  await waitUntil('the call', async () =>
    (await serverEvents(events)).some(({ tool }) => tool === 'wait'),
  )
  const { pid } = gateway
  const closed = portClosed(gateway.data)
  const stopped = gateway.stop()
  await closed
  await wait(1_100)
  kill(pid, 'SIGTERM')
  // Ended by the signal, which shells show as 143.
  expect(await stopped).toBeNull()
  expect(await cut).toBeInstanceOf(Error)
})

test('a second Ctrl-C leaves no child behind, nor what a child started in a session of its own [command/signal/children]', async () => {
  const env = { EVENTS_FILE: './events.jsonl', GRANDCHILD: '1' }
  await using gateway = await startGateway({ config: { mcpServers: { own: stdioServer(env) } } })
  const target = { url: gateway.url, token: gateway.token }
  const cut = callTool(target, 'own__wait', { ms: 30_000 }).catch((error: unknown) => error)
  const events = `${gateway.dir}/events.jsonl`
  await waitUntil('the call', async () =>
    (await serverEvents(events)).some(({ tool }) => tool === 'wait'),
  )
  const { pid } = gateway
  expect(await gateway.children()).toHaveLength(2)
  const closed = portClosed(gateway.data)
  const stopped = gateway.stop('SIGINT')
  await closed
  await wait(1_500)
  expect(await gateway.children()).not.toEqual([])
  kill(pid, 'SIGINT')
  expect(await stopped).toBeNull()
  const endedMs = performance.now()
  await waitUntil('the children to end', async () => (await gateway.children()).length === 0)
  expect(performance.now() - endedMs).toBeLessThan(1_000)
  expect(await cut).toBeInstanceOf(Error)
})

/** Settles once nobody can connect any more. */
async function portClosed(origin: string): Promise<void> {
  const headers = { connection: 'close' }
  const isClosed = (): Promise<boolean> =>
    fetch(`${origin}/health`, { headers }).then(
      () => false,
      () => true,
    )
  await waitUntil('the port to be closed', isClosed)
}

/** One call on a connection that stays open, as bytes. */
function callBytes(token: string, message: string): string {
  const name = 'own__echo'
  const body = JSON.stringify(modernBody('tools/call', { name, arguments: { message } }))
  const headers = Object.entries(modernHeaders(token, 'tools/call', name))
  const lines = headers.map(([key, value]) => `${key}: ${value}`)
  const more = ['content-type: application/json', `content-length: ${body.length}`]
  return head('POST', '/mcp', ['host: localhost', ...lines, ...more]) + body
}
