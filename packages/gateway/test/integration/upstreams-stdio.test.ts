import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../src/upstreams/fingerprint.ts'
import {
  asker,
  callRaw,
  callText,
  hostileServer,
  openTestUpstreams,
  principal,
  REPOSITORY,
  sdkServer,
  stdioServer,
  temporaryFolder,
  until,
} from '../fixtures/upstreams/harness.ts'

const PACKAGES = path.join(REPOSITORY, 'node_modules/@modelcontextprotocol')

describe('eras over stdio', () => {
  test.each([
    ['a server that answers the probe with an error', {}, 'legacy', '2025-11-25'],
    ['a server that is silent on the probe', { ON_DISCOVER: 'silent' }, 'legacy', '2025-11-25'],
    ['a server that dies of the probe', { ON_DISCOVER: 'exit' }, 'legacy', '2025-11-25'],
    ['a server of 2024', { VERSION: '2024-11-05' }, 'legacy', '2024-11-05'],
    ['a modern server', { MODERN: 'yes' }, 'modern', '2026-07-28'],
    ['a modern-only server', { MODERN: 'only' }, 'modern', '2026-07-28'],
    [
      'a modern-only server that starts slowly',
      { MODERN: 'only', START_DELAY_MS: '1300' },
      'modern',
      '2026-07-28',
    ],
    [
      'one that does not say so when it refuses the other era',
      { MODERN: 'alone', START_DELAY_MS: '1300' },
      'modern',
      '2026-07-28',
    ],
    [
      'one that starts slowly and refuses the revision without naming its own',
      { MODERN: 'terse', START_DELAY_MS: '1300' },
      'modern',
      '2026-07-28',
    ],
    [
      'one that starts slowly and answers the other era’s handshake with its own revision',
      { MODERN: 'yes', VERSION: '2026-07-28', START_DELAY_MS: '1300' },
      'modern',
      '2026-07-28',
    ],
  ] as const)(
    '%s is spoken to in its own era [upstreams/era/probe]',
    async (_case, env, era, version) => {
      await using test = await openTestUpstreams({ one: hostileServer(env) })
      expect(await callText(test.upstreams, ['one', 'echo'], { n: 1 })).toBe('{"n":1}')
      expect(test.status('one')).toMatchObject({ state: 'ready', era })
      expect(test.eras).toMatchObject([{ server: 'one', era, version }])
    },
  )

  test('a server of an unknown revision is refused', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ VERSION: '2023-01-01' }) })
    await expect(callText(test.upstreams, ['one', 'echo'])).rejects.toMatchObject({
      code: 'server_protocol',
      outcome: 'not_sent',
    })
  })

  test('a remembered verdict spares the probe, and one that fails is probed again [upstreams/era/remembered]', async () => {
    const legacy = hostileServer({ ON_DISCOVER: 'exit' })
    await using first = await openTestUpstreams({ one: legacy })
    await callText(first.upstreams, ['one', 'echo'])
    const [record] = first.eras
    if (record === undefined) throw new Error('no era was kept')
    const folder = temporaryFolder()
    const log = path.join(folder, 'spawns')
    const eras = (kept: object): object => ({
      eras: { readEras: () => Promise.resolve([kept]), writeEra: () => Promise.resolve() },
    })
    const counted = hostileServer({ ON_DISCOVER: 'exit', SPAWN_LOG: log })
    const kept = { ...record, fingerprint: fingerprintOf(counted) }
    await using second = await openTestUpstreams({ one: counted }, eras(kept))
    const pid = await callText(second.upstreams, ['one', 'pid'])
    expect(readFileSync(log, 'utf8')).toBe(`${pid}\n`)

    const modern = hostileServer({ MODERN: 'only' })
    const wrong = { ...record, fingerprint: fingerprintOf(modern) }
    await using third = await openTestUpstreams({ one: modern }, eras(wrong))
    expect(await callText(third.upstreams, ['one', 'echo'])).toBe('{}')
    expect(third.status('one').era).toBe('modern')
  })
})

describe('real servers over stdio', () => {
  test('server-everything lists, calls and reports progress', async () => {
    const index = path.join(PACKAGES, 'server-everything/dist/index.js')
    await using test = await openTestUpstreams({ one: stdioServer([process.execPath, index]) })
    await test.upstreams.warm('one', asker(), AbortSignal.timeout(10_000))
    expect(test.tools.get('one')).toContain('echo')
    const progress: string[] = []
    const onNotification = ({ bytes }: { bytes: Buffer }): void =>
      void progress.push(bytes.toString())
    const args = { duration: 0.2, steps: 2 }
    await callText(test.upstreams, ['one', 'trigger-long-running-operation'], args, {
      onNotification,
    })
    expect(progress).toHaveLength(2)
  })

  test('server-filesystem lists no roots of ours and serves its folder [upstreams/capabilities]', async () => {
    const index = path.join(PACKAGES, 'server-filesystem/dist/index.js')
    const folder = temporaryFolder()
    await using test = await openTestUpstreams({
      one: stdioServer([process.execPath, index, folder]),
    })
    expect(await callText(test.upstreams, ['one', 'list_allowed_directories'])).toContain(folder)
  })

  test.each([
    ['serve', 'modern'],
    ['modern', 'modern'],
  ] as const)('an SDK v2 server in mode %s is spoken to in the %s era', async (mode, era) => {
    await using test = await openTestUpstreams({ one: sdkServer({ SERVE: mode }) })
    expect(await callText(test.upstreams, ['one', 'echo'], { text: 'hi' })).toBe('hi')
    expect(test.status('one').era).toBe(era)
    await until(() => test.tools.has('one'), 'the list was read')
    expect(test.tools.get('one')).toEqual(['echo', 'slow', 'grow'])
  })

  test('a modern server announces a new tool through our subscription', async () => {
    await using test = await openTestUpstreams({ one: sdkServer() })
    await test.upstreams.warm('one', asker(), AbortSignal.timeout(10_000))
    await callText(test.upstreams, ['one', 'grow'])
    await until(() => test.tools.get('one')?.includes('grown') === true, 'the new tool is listed')
  })
})

describe('messages over stdio', () => {
  test('line breaks inside a message cannot smuggle a second one [upstreams/header/injection]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    await test.upstreams.warm('one', asker(), AbortSignal.timeout(10_000))
    const before = Number(await callText(test.upstreams, ['one', 'lines']))
    const raw =
      '{"jsonrpc":"2.0",\r\n"id":$ID,\n"method":"tools/call",\r"params":{"name":"lines"}}\n'
    expect(Number(await callText(test.upstreams, ['one', 'lines'], {}, { raw }))).toBe(before + 1)
  })

  test('progress goes to the call it names and to no other', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const own: string[] = []
    const foreign: string[] = []
    const other = callText(
      test.upstreams,
      ['one', 'sleep'],
      { ms: 300 },
      { onNotification: ({ method }) => foreign.push(method) },
    )
    await callText(
      test.upstreams,
      ['one', 'progress'],
      {},
      { onNotification: ({ method }) => own.push(method) },
    )
    await other
    expect([own, foreign]).toEqual([['notifications/progress'], []])
  })

  test('a listener that throws ends its own call and nothing else', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const pid = await callText(test.upstreams, ['one', 'pid'])
    const onNotification = (): void => {
      throw new Error('a defect')
    }
    const failing = callText(test.upstreams, ['one', 'progress'], {}, { onNotification })
    await expect(failing).rejects.toMatchObject({ code: 'internal' })
    expect(await callText(test.upstreams, ['one', 'pid'])).toBe(pid)
    expect(test.status('one').inFlight).toBe(0)
  })

  test('ping of a server is answered, and what nobody can be asked is refused with the reason [upstreams/capabilities]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const answers: unknown = JSON.parse(await callText(test.upstreams, ['one', 'ask']))
    const refused = (message: string): object => ({ code: -32_601, message })
    expect(answers).toEqual([
      { jsonrpc: '2.0', id: 'p1', result: {} },
      { jsonrpc: '2.0', id: 77, error: refused('no client can be asked for a sample now') },
      { jsonrpc: '2.0', id: 78, error: refused('no roots are offered') },
    ])
  })

  test('an abandoned call is cancelled at the server with the id it had there [upstreams/cancel]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    await callText(test.upstreams, ['one', 'echo'])
    const leaving = new AbortController()
    const hanging = callText(test.upstreams, ['one', 'hang'], {}, { signal: leaving.signal })
    await until(() => test.status('one').inFlight === 1, 'the call is in flight')
    await callText(test.upstreams, ['one', 'echo'])
    leaving.abort(new AppError('deadline_exceeded', 'too slow'))
    await expect(hanging).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'unknown' })
    const cancelled: unknown = JSON.parse(await callText(test.upstreams, ['one', 'cancelled']))
    expect(cancelled).toHaveLength(1)
    expect(test.status('one').inFlight).toBe(0)
  })

  test('a JSON-RPC error of the server is its answer, not a failure of ours [upstreams/error/own]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const message = await callRaw(test.upstreams, ['one', 'error'])
    expect(message.kind).toBe('error')
    expect(test.status('one').state).toBe('ready')
  })

  test('a child gets an allow-list of our environment, its own, and the mark [upstreams/environment]', async () => {
    const environment = { ...process.env, GATEWAY_SECRET: 'geheim', HTTPS_PROXY: 'http://proxy:1' }
    const server = hostileServer({ OWN: 'yes' })
    await using test = await openTestUpstreams({ one: server }, { environment })
    const seen = JSON.parse(await callText(test.upstreams, ['one', 'environment'])) as object
    expect(seen).toMatchObject({ OWN: 'yes', HTTPS_PROXY: 'http://proxy:1' })
    const passed =
      /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|HTTPS?_PROXY|NO_PROXY|OWN|SALLYPORT_CHILD)$/i
    const odd = Object.keys(seen).filter(
      (name) => !passed.test(name) && !/ssl_|ca_certs/i.test(name),
    )
    expect(odd).toEqual([])
  })
})

describe('catalogues over stdio', () => {
  test('a list is read page by page, once, and again when it changes', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ TOOLS: 'a,b,c' }) })
    const warm = (): Promise<void> =>
      test.upstreams.warm('one', asker('key:w'), AbortSignal.timeout(10_000))
    await Promise.all([warm(), warm(), warm()])
    await warm()
    expect(test.tools.get('one')).toEqual(['a', 'b', 'c'])
    expect(test.reads).toHaveLength(1)
    await callText(test.upstreams, ['one', 'retool'], { tools: 'd' }, { as: principal('key:w') })
    await until(() => test.tools.get('one')?.[0] === 'd', 'the new list is read')
    // Five announcements are one or two reads.
    expect(test.reads.length).toBeLessThanOrEqual(3)
  })

  test('a list that comes back empty where it was not is degraded, not handed over [tools/list/never-empty]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ TOOLS: 'a' }) })
    await test.upstreams.warm('one', asker(), AbortSignal.timeout(10_000))
    await callText(test.upstreams, ['one', 'retool'], { tools: '' })
    await until(() => test.status('one').state === 'degraded', 'the empty list is noticed')
    expect(test.tools.get('one')).toEqual(['a'])
    await callText(test.upstreams, ['one', 'retool'], { tools: 'b' })
    await until(() => test.status('one').state === 'ready', 'a list is back')
    expect(test.tools.get('one')).toEqual(['b'])
  })
})
