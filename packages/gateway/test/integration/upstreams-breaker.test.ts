import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import {
  asker,
  callText,
  hostileServer,
  httpServer,
  openTestUpstreams,
  principal,
  temporaryFolder,
  until,
} from '../fixtures/upstreams/harness.ts'
import {
  legacyServer,
  type Seen,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'

/** A remote server whose calls do what `mode` says; `calls` counts those that arrived. */
async function startFlaky() {
  const state = {
    mode: 'ok' as 'ok' | 'cut' | 'hang' | 'tool-error' | 'invalid' | 'slow down' | 'down',
    calls: 0,
  }
  const tools = legacyServer((seen, response) => {
    state.calls += 1
    if (state.mode === 'ok') textAnswer(seen, response, 'ok')
    else if (state.mode === 'cut') response.destroy()
    else if (state.mode === 'slow down') response.writeHead(429).end()
    else if (state.mode === 'tool-error') reply(response, seen, { result: FAILED })
    else if (state.mode === 'invalid') reply(response, seen, { error: INVALID })
  })
  const server = await startRawHttp((seen, response) => {
    if (state.mode === 'down') response.writeHead(503).end()
    else tools(seen, response)
  })
  return { server, state }
}

const FAILED = { isError: true, content: [{ type: 'text', text: 'no' }] }
const INVALID = { code: -32_602, message: 'invalid arguments' }

function reply(response: Parameters<typeof textAnswer>[1], { body }: Seen, part: object): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, ...part }))
}

function codeOf(thrown: unknown): string {
  return AppError.from(thrown).code
}

describe('a remote server', () => {
  test('that fails three times in a row is refused at once until one call got through [fleet/breaker/opens] [fleet/breaker/probe]', async () => {
    const { server, state } = await startFlaky()
    await using _server = server
    const config = httpServer(server.url, { breaker: { failures: 3, resetMs: 1_000 } })
    await using test = await openTestUpstreams({ one: config })
    const call = (): Promise<string> => callText(test.upstreams, ['one', 'x']).catch(codeOf)
    await call()
    state.mode = 'cut'
    expect([await call(), await call(), await call()]).toEqual(Array(3).fill('server_lost'))
    expect(test.status('one').breaker).toBe('open')
    const arrived = state.calls
    const beganMs = performance.now()
    await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
      code: 'breaker_open',
      outcome: 'not_sent',
      retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 1_000) as number,
    })
    expect(performance.now() - beganMs).toBeLessThan(10)
    expect(state.calls).toBe(arrived)
    state.mode = 'ok'
    await until(() => test.upstreams.breakerOf('one') === 'half-open', 'the reset is over')
    expect((await Promise.all([call(), call()])).toSorted()).toEqual(['breaker_open', 'ok'])
    expect(state.calls).toBe(arrived + 1)
    expect(test.status('one').breaker).toBe('closed')
    expect(await Promise.all([call(), call()])).toEqual(['ok', 'ok'])
  })

  test('is not kept shut by a call that tried and whose caller left [fleet/breaker/lost-probe]', async () => {
    const { server, state } = await startFlaky()
    await using _server = server
    const config = httpServer(server.url, { breaker: { failures: 1, resetMs: 100 } })
    await using test = await openTestUpstreams({ one: config })
    await callText(test.upstreams, ['one', 'x'])
    state.mode = 'cut'
    await callText(test.upstreams, ['one', 'x']).catch(codeOf)
    await until(() => test.upstreams.breakerOf('one') === 'half-open', 'the reset is over')
    state.mode = 'hang'
    const leaving = new AbortController()
    const options = { signal: leaving.signal }
    const probe = callText(test.upstreams, ['one', 'x'], {}, options).catch(codeOf)
    expect(await callText(test.upstreams, ['one', 'x']).catch(codeOf)).toBe('breaker_open')
    leaving.abort(new AppError('cancelled', 'the client is gone'))
    expect(await probe).toBe('cancelled')
    state.mode = 'ok'
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('ok')
    expect(test.status('one').breaker).toBe('closed')
  })

  test.each(['tool-error', 'invalid', 'slow down'] as const)(
    'that answers %s 20 times is no failing one [fleet/breaker/transport-only]',
    async (mode) => {
      const { server, state } = await startFlaky()
      await using _server = server
      const config = httpServer(server.url, { breaker: { failures: 3, resetMs: 60_000 } })
      await using test = await openTestUpstreams({ one: config })
      state.mode = mode
      const call = (): Promise<string> => callText(test.upstreams, ['one', 'x']).catch(codeOf)
      const answers = await Promise.all(Array.from({ length: 20 }, call))
      expect(answers).not.toContain('breaker_open')
      expect(test.status('one').breaker).toBe('closed')
    },
  )

  test('that answers a call which tried with an error of a tool is well', async () => {
    const { server, state } = await startFlaky()
    await using _server = server
    const config = httpServer(server.url, { breaker: { failures: 1, resetMs: 50 } })
    await using test = await openTestUpstreams({ one: config })
    state.mode = 'cut'
    await callText(test.upstreams, ['one', 'x']).catch(codeOf)
    state.mode = 'invalid'
    await until(() => test.upstreams.breakerOf('one') === 'half-open', 'the reset is over')
    await callText(test.upstreams, ['one', 'x'])
    expect(test.status('one').breaker).toBe('closed')
  })

  test('that cannot be reached at all is tried at each reset, whatever its back-off says', async () => {
    const { server, state } = await startFlaky()
    await using _server = server
    state.mode = 'down'
    const config = httpServer(server.url, { breaker: { failures: 2, resetMs: 300 } })
    // The longest jitter: after four failed starts it is left alone for 4 s.
    await using test = await openTestUpstreams({ one: config }, { random: () => 1 })
    for (let n = 0; n < 4; n += 1) {
      const starting = test.upstreams.control.start('one', asker(), AbortSignal.timeout(10_000))
      await expect(starting).rejects.toMatchObject({ code: 'server_unavailable' })
    }
    const call = (): Promise<string> => callText(test.upstreams, ['one', 'x']).catch(codeOf)
    expect([await call(), await call(), await call()]).toEqual([
      'server_unavailable',
      'server_unavailable',
      'breaker_open',
    ])
    state.mode = 'ok'
    const mendedMs = performance.now()
    await until(async () => (await call()) === 'ok', 'a call gets through')
    expect(performance.now() - mendedMs).toBeLessThan(1_500)
  })
})

describe('a server with children', () => {
  test('one principal’s crashing child refuses nobody else [fleet/breaker/own-child]', async () => {
    const file = path.join(temporaryFolder(), 'spawns')
    const server = hostileServer({ SPAWN_LOG: file }, { breaker: { failures: 2, resetMs: 60_000 } })
    await using test = await openTestUpstreams({ one: server })
    const call = (id: string, tool: string): Promise<string> =>
      callText(test.upstreams, ['one', tool], {}, { as: principal(id) }).catch(codeOf)
    expect(await call('key:good', 'echo')).toBe('{}')
    expect([await call('key:bad', 'die'), await call('key:bad', 'die')]).toEqual(
      Array(2).fill('server_lost'),
    )
    const spawns = readFileSync(file, 'utf8')
    expect(await call('key:bad', 'echo')).toBe('breaker_open')
    expect(readFileSync(file, 'utf8')).toBe(spawns)
    expect(await call('key:good', 'echo')).toBe('{}')
    expect(await call('key:new', 'echo')).toBe('{}')
    // Whoever asks for the whole server hears that it works.
    expect(test.upstreams.breakerOf('one')).toBe('closed')
  })

  test('a child that dies with twenty calls failed once, not twenty times [fleet/breaker/one-incident]', async () => {
    const server = hostileServer({}, { breaker: { failures: 3, resetMs: 60_000 } })
    await using test = await openTestUpstreams({ one: server })
    const call = (tool: string): Promise<string> =>
      callText(test.upstreams, ['one', tool]).catch(codeOf)
    await call('echo')
    const lost = Array.from({ length: 20 }, () => call('hang'))
    lost.push(call('die'))
    expect(new Set(await Promise.all(lost))).toEqual(new Set(['server_lost']))
    expect(await call('echo')).toBe('{}')
  })

  test('twenty callers of a start that fails are one failure [fleet/breaker/one-incident]', async () => {
    const server = hostileServer(
      { EXIT_AT_START: '1' },
      { breaker: { failures: 2, resetMs: 60_000 } },
    )
    await using test = await openTestUpstreams({ one: server })
    const call = (): Promise<string> => callText(test.upstreams, ['one', 'echo']).catch(codeOf)
    await Promise.all(Array.from({ length: 20 }, call))
    expect(test.status('one').breaker).toBe('closed')
    await call()
    expect(test.status('one').breaker).toBe('open')
    expect(await call()).toBe('breaker_open')
  })

  test('what an operator cut short counts as nothing', async () => {
    const server = hostileServer({}, { breaker: { failures: 1, resetMs: 60_000 } })
    await using test = await openTestUpstreams({ one: server })
    const hanging = callText(test.upstreams, ['one', 'hang']).catch(codeOf)
    await callText(test.upstreams, ['one', 'echo'])
    await test.upstreams.control.stop('one', 50)
    expect(await hanging).toBe('server_lost')
    expect(await callText(test.upstreams, ['one', 'echo'])).toBe('{}')
  })
})
