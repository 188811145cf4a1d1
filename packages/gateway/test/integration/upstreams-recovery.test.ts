import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  callText,
  hostileServer,
  httpServer,
  openTestUpstreams,
  stdioServer,
  temporaryFolder,
  until,
} from '../fixtures/upstreams/harness.ts'
import { legacyServer, startRawHttp, textAnswer } from '../fixtures/upstreams/raw-http-server.ts'

const EVERY_MS = 200
const HEALTH = { everyMs: EVERY_MS }
const answering = legacyServer((seen, response) => textAnswer(seen, response, 'ok'))

/** An address where nothing listens until it is started there. */
async function freePort(): Promise<{ readonly port: number; readonly url: string }> {
  await using server = await startRawHttp(answering)
  return { port: Number(new URL(server.url).port), url: server.url }
}

describe('a member of a group', () => {
  test('that never was reachable is ready within two intervals of its coming up, without a call [fleet/recovery]', async () => {
    const { port, url } = await freePort()
    const config = httpServer(url, { health: HEALTH })
    await using test = await openTestUpstreams({ one: config }, { isMember: () => true })
    await callText(test.upstreams, ['one', 'x']).catch(() => undefined)
    expect(test.status('one').state).toBe('degraded')
    // Long enough for the back-off to be longer than the interval.
    await until(() => starts(test.logged) > 4, 'it is tried again and again')
    await using _server = await startRawHttp(answering, port)
    const beganMs = performance.now()
    await until(() => test.status('one').state === 'ready', 'it is ready')
    expect(performance.now() - beganMs).toBeLessThan(2 * EVERY_MS + 150)
  })

  test('whose child can be started again is ready without a call, as is one to be up with the gateway [fleet/recovery] [fleet/prestart]', async () => {
    const wanted = path.join(temporaryFolder(), 'wanted')
    const script = `process.exit(require("node:fs").existsSync(${JSON.stringify(wanted)}) ? 0 : 1)`
    const launch = ['sh', '-c', `${process.execPath} -e '${script}' && exec "$@"`, 'sh']
    const { command, args } = hostileServer()
    const config = stdioServer([...launch, command, ...args], {}, { health: HEALTH })
    const servers = { member: config, early: { ...config, prestart: true }, other: config }
    await using test = await openTestUpstreams(servers, { isMember: (name) => name === 'member' })
    test.upstreams.prestart()
    for (const name of ['member', 'other']) {
      await callText(test.upstreams, [name, 'echo']).catch(() => undefined)
    }
    await until(() => test.status('early').state === 'degraded', 'it could not be started')
    expect(existsSync(wanted)).toBe(false)
    writeFileSync(wanted, '')
    await until(() => test.status('member').state === 'ready', 'the member is up')
    await until(() => test.status('early').state === 'ready', 'the early one is up')
    expect(test.status('other').state).toBe('degraded')
  })

  test('that comes back is no longer refused by its breaker for long', async () => {
    const { port, url } = await freePort()
    const breaker = { failures: 1, resetMs: 60_000 }
    const config = httpServer(url, { health: HEALTH, breaker })
    await using test = await openTestUpstreams({ one: config }, { isMember: () => true })
    await callText(test.upstreams, ['one', 'x']).catch(() => undefined)
    expect(test.upstreams.breakerOf('one')).toBe('open')
    await using _server = await startRawHttp(answering, port)
    await until(() => test.status('one').state === 'ready', 'it is ready')
    expect(test.upstreams.breakerOf('one')).toBe('half-open')
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('ok')
    expect(test.upstreams.breakerOf('one')).toBe('closed')
  })

  test('that lost its child is up again without a call', async () => {
    const config = hostileServer({}, { health: HEALTH })
    await using test = await openTestUpstreams({ one: config }, { isMember: () => true })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    process.kill(pid, 'SIGKILL')
    await until(() => test.status('one').state === 'degraded', 'the loss is noticed')
    await until(() => test.status('one').state === 'ready', 'it is up again')
  })

  test('is left alone while an operator keeps calls away, and tried again after', async () => {
    const config = hostileServer({}, { health: { everyMs: 50 } })
    await using test = await openTestUpstreams({ one: config }, { isMember: () => true })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    test.upstreams.control.mark('one', 'draining', { kind: 'draining', reason: '' })
    process.kill(pid, 'SIGKILL')
    await until(() => test.status('one').pids.length === 0, 'the child is gone')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(test.status('one').pids).toEqual([])
    test.upstreams.control.mark('one', 'draining', undefined)
    await until(() => test.status('one').state === 'ready', 'it is up again')
  })
})

test('a server nobody needs stays as it is until it is called', async () => {
  const { port, url } = await freePort()
  await using test = await openTestUpstreams({ one: httpServer(url, { health: { everyMs: 30 } }) })
  await callText(test.upstreams, ['one', 'x']).catch(() => undefined)
  let asked = 0
  await using _server = await startRawHttp((seen, response) => {
    asked += 1
    answering(seen, response)
  }, port)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(asked).toBe(0)
  expect(test.status('one').state).toBe('degraded')
})

function starts(logged: readonly { readonly message: string }[]): number {
  return logged.filter(({ message }) => message === 'server start failed').length
}
