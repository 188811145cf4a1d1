import { describe, expect, test } from 'vitest'
import { markedProcesses } from '../../src/upstreams/mark.ts'
import {
  asker,
  callRaw,
  callText,
  hostileServer,
  isAlive,
  openTestUpstreams,
  principal,
  until,
} from '../fixtures/upstreams/harness.ts'

describe('what a child may write', () => {
  test('garbage on its output is logged without control characters and skipped [upstreams/output/garbage]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const other = callText(test.upstreams, ['one', 'sleep'], { ms: 100 })
    expect(await callText(test.upstreams, ['one', 'garbage'])).toBe('after garbage')
    expect(await other).toBe('slept')
    const texts = test.logged
      .filter(({ message }) => message === 'server wrote something else than MCP')
      .map(({ fields }) => fields['text'])
    expect(texts).toHaveLength(5)
    expect(texts[0]).toBe('Listening on port 3000')
    expect(test.strays).toBe(5)
  })

  test('a second answer, an unknown id and a foreign id are dropped and counted [upstreams/request-id]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    expect(await callText(test.upstreams, ['one', 'twice'])).toBe('first')
    expect(await callText(test.upstreams, ['one', 'echo'])).toBe('{}')
    expect(test.strays).toBe(4)
  })

  test('an answer in pieces, split inside characters, arrives whole', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    // Nothing else may be written meanwhile.
    await test.upstreams.warm('one', asker(), AbortSignal.timeout(10_000))
    const { bytes } = await callRaw(test.upstreams, ['one', 'pieces'])
    expect(bytes.toString()).toContain('é✓'.repeat(50))
  })

  test('an answer at the cap passes, one over it fails its own call only [limits/result]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const below = 1_024 * 1_024 - 200
    expect(await callText(test.upstreams, ['one', 'big'], { bytes: below })).toHaveLength(below)
    const other = callText(test.upstreams, ['one', 'sleep'], { ms: 500 })
    await expect(
      callText(test.upstreams, ['one', 'big'], { bytes: 1_024 * 1_024 }),
    ).rejects.toMatchObject({ code: 'result_too_large', outcome: 'unknown' })
    expect(await other).toBe('slept')
  })

  test('a line of 100 MB ends the child, since nothing shows that it will ever end [upstreams/output/endless]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const [pid] = [Number(await callText(test.upstreams, ['one', 'pid']))]
    const before = process.memoryUsage().arrayBuffers
    const big = callText(test.upstreams, ['one', 'big'], { bytes: 100 * 1_024 * 1_024 })
    await expect(big).rejects.toMatchObject({ code: 'server_lost', outcome: 'unknown' })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1_024 * 1_024)
    await until(() => !isAlive(pid), 'the child is gone')
    expect(await callText(test.upstreams, ['one', 'echo'])).toBe('{}')
  })

  test('a line of 100 MB that does end is skipped, and the child lives on', async () => {
    const limits = { resultBytes: 10 * 1_024 * 1_024, callMs: 10_000 }
    await using test = await openTestUpstreams({ one: hostileServer() }, { limits })
    const pid = await callText(test.upstreams, ['one', 'pid'])
    const big = callText(test.upstreams, ['one', 'big'], { bytes: 100 * 1_024 * 1_024 })
    await expect(big).rejects.toMatchObject({ code: 'result_too_large', outcome: 'unknown' })
    expect(await callText(test.upstreams, ['one', 'pid'])).toBe(pid)
  })

  test('a flood on stderr is no error and blocks nothing [upstreams/stderr]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    expect(await callText(test.upstreams, ['one', 'stderr'], { kib: 8_192 })).toBe(
      'wrote to stderr',
    )
    expect(test.status('one').state).toBe('ready')
  })
})

describe('how a child may end', () => {
  test('calls in flight fail as lost with an unknown outcome, the next call starts it anew [upstreams/lost/outcome]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const first = await callText(test.upstreams, ['one', 'pid'])
    const bystander = callText(test.upstreams, ['one', 'hang'])
    const lost = { code: 'server_lost', outcome: 'unknown' }
    await Promise.all([
      expect(callText(test.upstreams, ['one', 'die'])).rejects.toMatchObject(lost),
      expect(bystander).rejects.toMatchObject(lost),
    ])
    expect(test.status('one')).toMatchObject({
      state: 'degraded',
      reason: 'the server exited with code 7',
    })
    expect(await callText(test.upstreams, ['one', 'pid'])).not.toBe(first)
    expect(test.status('one')).toMatchObject({ state: 'ready', reason: null })
  })

  test('calls not yet handed over when it dies go to the next child [upstreams/retry/unsent]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    await callText(test.upstreams, ['one', 'deaf'])
    // It reads nothing more, so the pipe fills up and later calls stay with us.
    const stuffing = Array.from({ length: 8 }, () =>
      callText(test.upstreams, ['one', 'echo'], { text: 'x'.repeat(500_000) }).then(
        () => 'answered',
        (error: { code: string; outcome: string }) => `${error.code} ${error.outcome}`,
      ),
    )
    const waiting = callText(test.upstreams, ['one', 'echo'], { late: true })
    await until(() => test.status('one').inFlight === 9, 'all are with the session')
    await new Promise((resolve) => setImmediate(resolve))
    for (const pid of test.status('one').pids) process.kill(pid, 'SIGKILL')
    expect(await waiting).toBe('{"late":true}')
    const outcomes = await Promise.all(stuffing)
    expect(outcomes).toContain('server_lost unknown')
    expect(outcomes.at(-1)).toBe('answered')
  })

  test('a child that closes its output is replaced', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    expect(await callText(test.upstreams, ['one', 'mute'])).toBe('closing my output')
    await expect(callText(test.upstreams, ['one', 'hang'])).rejects.toMatchObject({
      code: 'server_lost',
    })
    await until(() => !isAlive(pid), 'the mute child is gone')
    expect(await callText(test.upstreams, ['one', 'echo'])).toBe('{}')
  })

  test('a child that fails to start is a typed error with its stderr in the log [upstreams/start/fails]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ EXIT_AT_START: '9' }) })
    await expect(callText(test.upstreams, ['one', 'echo'])).rejects.toMatchObject({
      code: 'server_start_failed',
      outcome: 'not_sent',
    })
    const ended = test.logged.find(({ message }) => message === 'server ended by itself')
    expect(ended?.fields['stderr']).toEqual(['cannot find my licence'])
    await until(() => test.status('one').pids.length === 0, 'the child is gone')
    expect(test.status('one').state).toBe('degraded')
  })

  test.each([
    ['a command that does not exist', { command: '/no/such/command' }],
    ['a folder that does not exist', { cwd: '/no/such/folder' }],
  ])('%s is a failed start', async (_case, changes) => {
    await using test = await openTestUpstreams({ one: hostileServer({}, changes) })
    await expect(callText(test.upstreams, ['one', 'echo'])).rejects.toMatchObject({
      code: 'server_start_failed',
      outcome: 'not_sent',
    })
  })
})

describe('what is left behind', () => {
  test('a child that ignores its input and SIGTERM is killed, its grandchildren too [upstreams/stop/stubborn]', async () => {
    const stubborn = hostileServer({ IGNORE_TERM: 'yes', IGNORE_STDIN_END: 'yes' })
    const test = await openTestUpstreams({ one: stubborn })
    const pid = Number(await callText(test.upstreams, ['one', 'pid']))
    const grown = JSON.parse(await callText(test.upstreams, ['one', 'grandchildren'])) as number[]
    expect([pid, ...grown].map(isAlive)).toEqual([true, true, true])
    await test[Symbol.asyncDispose]()
    expect([pid, ...grown].map(isAlive)).toEqual([false, false, false])
    expect(await markedProcesses(test.gatewayId)).toEqual([])
  })

  test('the next start ends what a crashed gateway left behind, and nothing else [upstreams/stop/orphans]', async () => {
    const crashed = await openTestUpstreams({ one: hostileServer() })
    // Its id only begins like the other's.
    const gatewayId = `${crashed.gatewayId}0`
    await using other = await openTestUpstreams({ one: hostileServer() }, { gatewayId })
    const pid = Number(await callText(crashed.upstreams, ['one', 'pid']))
    const foreign = Number(await callText(other.upstreams, ['one', 'pid']))
    await using next = await openTestUpstreams(
      { one: hostileServer() },
      { gatewayId: crashed.gatewayId },
    )
    expect([isAlive(pid), isAlive(foreign)]).toEqual([false, true])
    expect(await callText(next.upstreams, ['one', 'echo'])).toBe('{}')
    await crashed[Symbol.asyncDispose]()
  })

  test('the children of another process that still runs are left alone, at the start and at the end of this one [supervision/instances]', async () => {
    await using old = await openTestUpstreams({ one: hostileServer() }, { instanceId: 'old' })
    const dead = await openTestUpstreams(
      { one: hostileServer() },
      { gatewayId: old.gatewayId, instanceId: 'olde', livingInstances: ['old'] },
    )
    const kept = Number(await callText(old.upstreams, ['one', 'pid']))
    const left = Number(await callText(dead.upstreams, ['one', 'pid']))
    await using next = await openTestUpstreams(
      { one: hostileServer() },
      { gatewayId: old.gatewayId, livingInstances: ['old'] },
    )
    expect([isAlive(kept), isAlive(left)]).toEqual([true, false])
    const own = Number(await callText(next.upstreams, ['one', 'pid']))
    await next[Symbol.asyncDispose]()
    expect([isAlive(kept), isAlive(own)]).toEqual([true, false])
    await dead[Symbol.asyncDispose]()
  })

  test('stopping one child ends what it left behind and spares the others', async () => {
    await using test = await openTestUpstreams({
      one: hostileServer({}, { idleAfterMs: 200 }),
      two: hostileServer(),
    })
    const two = await callText(test.upstreams, ['two', 'pid'])
    const grown = JSON.parse(await callText(test.upstreams, ['one', 'grandchildren'])) as number[]
    await until(() => test.status('one').state === 'cold', 'the idle child is gone')
    expect(test.status('one').pids).toEqual([])
    expect(grown.map(isAlive)).toEqual([false, false])
    expect(await callText(test.upstreams, ['two', 'pid'])).toBe(two)
  })

  test('a principal never shares a child with another unless told to [upstreams/share/none]', async () => {
    await using test = await openTestUpstreams({
      own: hostileServer(),
      shared: hostileServer({}, { share: 'all' }),
    })
    const pids = (server: string): Promise<string[]> =>
      Promise.all(
        ['key:a', 'key:b'].map((id) =>
          callText(test.upstreams, [server, 'pid'], {}, { as: principal(id) }),
        ),
      )
    expect(new Set(await pids('own')).size).toBe(2)
    expect(new Set(await pids('shared')).size).toBe(1)
  })
})
