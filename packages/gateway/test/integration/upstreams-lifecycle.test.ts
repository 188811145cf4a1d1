import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import {
  json,
  legacyServer,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'
import {
  callText,
  hostileServer,
  httpServer,
  isAlive,
  openTestUpstreams,
  principal,
  temporaryFolder,
  until,
} from '../fixtures/upstreams/harness.ts'

function spawnLog(): { readonly file: string; spawns(): number } {
  const file = path.join(temporaryFolder(), 'spawns')
  return { file, spawns: () => readFileSync(file, 'utf8').split('\n').length - 1 }
}

describe('starting', () => {
  test('50 concurrent cold calls are one spawn, and all succeed within start and call [upstreams/start/once]', async () => {
    const { file, spawns } = spawnLog()
    const server = hostileServer({ SPAWN_LOG: file, START_DELAY_MS: '1000' })
    await using test = await openTestUpstreams({ one: server })
    const beganMs = performance.now()
    const calls = Array.from({ length: 50 }, (_, n) =>
      callText(test.upstreams, ['one', 'echo'], { n }),
    )
    expect(test.status('one').state).toBe('starting')
    const answers = await Promise.all(calls)
    expect(answers).toEqual(Array.from({ length: 50 }, (_, n) => JSON.stringify({ n })))
    expect(performance.now() - beganMs).toBeLessThan(4_000)
    expect(spawns()).toBe(1)
  })

  test('a caller that leaves during the start fails alone', async () => {
    const { file, spawns } = spawnLog()
    const server = hostileServer({ SPAWN_LOG: file, START_DELAY_MS: '300' })
    await using test = await openTestUpstreams({ one: server })
    const leaving = new AbortController()
    const first = callText(test.upstreams, ['one', 'echo'], {}, { signal: leaving.signal })
    const second = callText(test.upstreams, ['one', 'echo'], { n: 2 })
    const reason = new AppError('cancelled', 'gone')
    leaving.abort(reason)
    await expect(first).rejects.toMatchObject({ code: 'cancelled', outcome: 'not_sent' })
    expect(await second).toBe('{"n":2}')
    expect(spawns()).toBe(1)
  })

  test('a start that takes too long fails every caller and leaves no process [upstreams/start/fails]', async () => {
    const server = hostileServer({ START_DELAY_MS: '60000' }, { startMs: 1_500 })
    await using test = await openTestUpstreams({ one: server })
    const calls = [1, 2].map(() => callText(test.upstreams, ['one', 'echo']))
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({ code: 'server_start_failed', outcome: 'not_sent' })
    }
    await until(() => test.status('one').pids.length === 0, 'the child is gone')
  })

  test('during back-off callers are told at once when to come back [upstreams/start/back-off]', async () => {
    const { file, spawns } = spawnLog()
    const server = hostileServer({ SPAWN_LOG: file, EXIT_AT_START: '1' })
    // The longest jitter: 500 ms, then 1 s, then 2 s.
    await using test = await openTestUpstreams({ one: server }, { random: () => 1 })
    const failing = callText(test.upstreams, ['one', 'echo'])
    await expect(failing).rejects.toMatchObject({ retryAfterMs: 500 })
    const before = spawns()
    const beganMs = performance.now()
    await expect(callText(test.upstreams, ['one', 'echo'])).rejects.toMatchObject({
      code: 'server_start_failed',
      outcome: 'not_sent',
      retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 500) as number,
    })
    expect(performance.now() - beganMs).toBeLessThan(100)
    expect(spawns()).toBe(before)
    await until(async () => {
      const error = await callText(test.upstreams, ['one', 'echo']).catch(
        (thrown: unknown) => thrown,
      )
      return error instanceof AppError && error.retryAfterMs === 1_000
    }, 'the second wait is twice the first')
  })
})

describe('a server that keeps dying', () => {
  test('is left alone for a moment after five short lives [upstreams/start/back-off]', async () => {
    const { file, spawns } = spawnLog()
    await using test = await openTestUpstreams({ one: hostileServer({ SPAWN_LOG: file }) })
    const codes: string[] = []
    for (let n = 0; n < 7; n += 1) {
      await callText(test.upstreams, ['one', 'die']).catch((error: AppError) =>
        codes.push(error.code),
      )
    }
    expect(codes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'server_lost'))
    expect(codes.slice(5)).toEqual(['server_unavailable', 'server_unavailable'])
    expect(spawns()).toBe(5)
    await until(
      () =>
        callText(test.upstreams, ['one', 'echo']).then(
          () => true,
          () => false,
        ),
      'it is tried again',
    )
  })

  test('loses no call to silence: each of 1,000 is answered or a typed error [upstreams/kills]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const outcomes = new Map<string, number>()
    let left = 1_000
    const caller = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        const n = left
        const outcome = await callText(test.upstreams, ['one', 'echo'], { n }).then(
          (text) => (text === JSON.stringify({ n }) ? 'answered' : `wrong: ${text}`),
          (error: AppError) => `${error.code} ${error.outcome}`,
        )
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        if (outcome === 'server_unavailable not_sent') await new Promise((r) => setTimeout(r, 20))
      }
    }
    const killer = setInterval(() => {
      for (const pid of test.status('one').pids) process.kill(pid, 'SIGKILL')
    }, 150)
    await Promise.all(Array.from({ length: 16 }, caller))
    clearInterval(killer)
    const known = ['answered', 'server_lost unknown', 'server_unavailable not_sent']
    known.push('server_start_failed not_sent')
    expect([...outcomes.keys()].filter((outcome) => !known.includes(outcome))).toEqual([])
    expect([...outcomes.values()].reduce((sum, count) => sum + count)).toBe(1_000)
    expect(outcomes.get('answered')).toBeGreaterThan(500)
  })
})

describe('idle', () => {
  test('a long call outlives the idle time, and the child ends after it [upstreams/idle/call-kept]', async () => {
    const { file, spawns } = spawnLog()
    const server = hostileServer({ SPAWN_LOG: file }, { idleAfterMs: 500 })
    await using test = await openTestUpstreams({ one: server })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    expect(await callText(test.upstreams, ['one', 'sleep'], { ms: 1_500 })).toBe('slept')
    const endedMs = performance.now()
    await until(() => test.status('one').state === 'cold', 'the idle child is let go')
    expect(performance.now() - endedMs).toBeGreaterThan(480)
    await until(() => !isAlive(pid), 'the child is gone')
    expect(await callText(test.upstreams, ['one', 'echo'])).toBe('{}')
    expect(spawns()).toBe(2)
  })

  test('probes are no use: a probed child still becomes idle [upstreams/idle/probes]', async () => {
    const server = hostileServer({}, { idleAfterMs: 600, health: { everyMs: 100 } })
    await using test = await openTestUpstreams({ one: server })
    await callText(test.upstreams, ['one', 'echo'])
    await until(() => test.status('one').state === 'cold', 'the child is let go', 3_000)
  })
})

describe('room', () => {
  test('beyond the cap an idle child leaves first, and a caller waits for a busy one [upstreams/room]', async () => {
    const server = hostileServer({}, { children: 2 })
    await using test = await openTestUpstreams({ one: server })
    const call = (id: string, tool: string, args = {}): Promise<string> =>
      callText(test.upstreams, ['one', tool], args, { as: principal(id) })
    const idle = Number(await call('key:idle', 'pid'))
    const busy = call('key:busy', 'sleep', { ms: 1_500 })
    const third = Number(await call('key:third', 'pid'))
    expect(isAlive(idle)).toBe(false)
    const holding = call('key:third', 'sleep', { ms: 1_000 })
    const waiting = call('key:waiting', 'echo', { waited: true })
    await until(() => test.status('one').inFlight === 2, 'both children are busy')
    expect(test.status('one').pids).toHaveLength(2)
    expect(await waiting).toBe('{"waited":true}')
    expect(isAlive(third)).toBe(false)
    expect(await Promise.all([holding, busy])).toEqual(['slept', 'slept'])
  })

  test('a caller that waits for room leaves when its signal says so', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({}, { children: 1 }) })
    const busy = callText(test.upstreams, ['one', 'sleep'], { ms: 700 })
    await until(() => test.status('one').inFlight === 1, 'the child is busy')
    const leaving = new AbortController()
    const options = { as: principal('key:b'), signal: leaving.signal }
    const waiting = callText(test.upstreams, ['one', 'echo'], {}, options)
    leaving.abort(new AppError('deadline_exceeded', 'too slow'))
    await expect(waiting).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'not_sent' })
    expect(await busy).toBe('slept')
  })
})

describe('health', () => {
  test('a modern server that has become a legacy one is spoken to anew', async () => {
    let modern = true
    await using server = await startRawHttp((seen, response) => {
      const { id, method } = seen.body
      if (modern && method === 'server/discover') {
        json(response, { id, result: { supportedVersions: ['2026-07-28'], capabilities: {} } })
      } else {
        legacyServer((one, to) => textAnswer(one, to, 'ok'))(seen, response)
      }
    })
    const config = httpServer(server.url, { health: { everyMs: 100 } })
    await using test = await openTestUpstreams({ one: config })
    await callText(test.upstreams, ['one', 'x'])
    expect(test.status('one').era).toBe('modern')
    modern = false
    await until(() => test.status('one').era === 'legacy', 'the new era is found')
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('ok')
  })

  test('a remote server that answers probes with 503 is degraded, and ready once it recovers [upstreams/health/degraded]', async () => {
    let broken = false
    await using server = await startRawHttp((seen, response) => {
      if (broken) response.writeHead(503).end()
      else legacyServer((one, to) => textAnswer(one, to, 'ok'))(seen, response)
    })
    const config = httpServer(server.url, { health: { everyMs: 50 } })
    await using test = await openTestUpstreams({ one: config }, { random: () => 0 })
    await callText(test.upstreams, ['one', 'x'])
    broken = true
    await until(() => test.status('one').state === 'degraded', 'three probes failed')
    broken = false
    await until(() => test.status('one').state === 'ready', 'it recovers without a call')
  })

  test('a child that hangs is degraded after three probes and replaced [upstreams/health/degraded]', async () => {
    const server = hostileServer({}, { health: { everyMs: 250 } })
    await using test = await openTestUpstreams({ one: server })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    process.kill(pid, 'SIGSTOP')
    const hanging = callText(test.upstreams, ['one', 'echo'])
    await expect(hanging).rejects.toMatchObject({ code: 'server_lost', outcome: 'unknown' })
    expect(test.states.map(({ state }) => state)).not.toContain('draining')
    await until(() => test.status('one').state === 'ready', 'a new child is up without a call')
    await until(() => !isAlive(pid), 'the stopped child is gone')
    expect(await callText(test.upstreams, ['one', 'pid'])).not.toBe(String(pid))
    expect(test.states.some(({ reason }) => reason?.includes('health probes'))).toBe(true)
  })
})

describe('stopping', () => {
  test('dispose refuses new calls, fails waiting ones and leaves no process or timer', async () => {
    const slow = hostileServer({ START_DELAY_MS: '5000' })
    const test = await openTestUpstreams({ one: hostileServer(), slow })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    const hanging = callText(test.upstreams, ['one', 'hang'])
    await callText(test.upstreams, ['one', 'echo'])
    const starting = callText(test.upstreams, ['slow', 'echo'])
    const outcomes = Promise.allSettled([hanging, starting])
    const disposed = test[Symbol.asyncDispose]()
    await expect(callText(test.upstreams, ['one', 'echo'])).rejects.toMatchObject({
      code: 'shutting_down',
    })
    await disposed
    await test[Symbol.asyncDispose]()
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'server_lost', outcome: 'unknown' } },
      { status: 'rejected', reason: { code: 'shutting_down', outcome: 'not_sent' } },
    ])
    expect(isAlive(pid)).toBe(false)
    expect(test.upstreams.status().map(({ pids }) => pids)).toEqual([[], []])
    expect(process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap')).toEqual([])
  })
})
