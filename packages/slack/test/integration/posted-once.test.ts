import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Fault } from '../fixtures/faults.ts'
import { Rig } from '../fixtures/rig.ts'
import { RunningServer, type Told } from '../fixtures/running-server.ts'

const GENERAL = 'CALPHA0001'
const POST = 'slack_post_message'

let rig: Rig
let folder: string
let server: RunningServer
let told = 0

const start = () =>
  RunningServer.start({
    rig,
    folder,
    env: {
      SLACK_TOOLSETS: 'read,write',
      SLACK_WRITE_CHANNELS: '*',
      SALLYPORT_MASTER_KEY: 'ab'.repeat(32),
    },
  })

beforeAll(async () => {
  rig = await Rig.open()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slack-once-'))
  server = await start()
  await rig.browse(`${server.url}/slack/install`)
  told = rig.calls('chat.postMessage').length
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})
afterAll(() => rig[Symbol.asyncDispose]())

/** How often Slack was told to post, and how many messages of that text there are. */
async function posted(text: string): Promise<readonly [number, number]> {
  const history = await rig.as('TALPHA0001', 'conversations.history', { channel: GENERAL })
  const messages = history['messages'] as readonly { text: string }[] // as Slack answers
  const there = messages.filter((message) => message.text === text)
  return [rig.calls('chat.postMessage').length - told, there.length]
}

const post = (text: string, key?: string) =>
  server.call(
    POST,
    { channel_id: GENERAL, text },
    key === undefined ? {} : { headers: { 'idempotency-key': key } },
  )
const errorOf = ({ body }: Told) => body?.result?._meta?.['dev.sallyport/error']
const UNKNOWN = { code: 'slack_outcome_unknown', retryable: false, outcome: 'unknown' }

const LOST: readonly (readonly [string, Fault])[] = [
  ['the connection breaks after Slack posted', { kind: 'drop' }],
  ['Slack posts and answers 503', { kind: 'accept-then', status: 503 }],
]

test.each(LOST)(
  'when %s, there is one message and an unknown outcome, also for the key and after a restart [slack/write/once] [slack/once/unknown] [slack/scenario-11]',
  async (how, fault) => {
    for (const key of [undefined, 'k-lost']) {
      const text = `${how} ${key}`
      told = rig.calls('chat.postMessage').length
      rig.fault(fault, { method: 'chat.postMessage' })
      expect(errorOf(await post(text, key))).toMatchObject(UNKNOWN)
      expect(await posted(text)).toEqual([1, 1])
    }
    const text = `${how} k-lost`
    expect(errorOf(await post(text, 'k-lost'))).toMatchObject(UNKNOWN)
    await server[Symbol.asyncDispose]()
    server = await start()
    expect(errorOf(await post(text, 'k-lost'))).toMatchObject(UNKNOWN)
    expect(await posted(text)).toEqual([1, 1])
  },
)

test('the same key gives the first result after a restart, and another text conflicts [slack/once/kept] [slack/once/conflict] [slack/scenario-11]', async () => {
  const first = await post('once', 'k-1')
  const ts: unknown = first.body?.result.structuredContent.ts
  await server[Symbol.asyncDispose]()
  server = await start()
  const again = await post('once', 'k-1')
  expect(again.body?.result.structuredContent).toMatchObject({ ts, replayed: true })
  expect(errorOf(await post('twice', 'k-1'))).toMatchObject({
    code: 'idempotency_conflict',
    outcome: 'not_sent',
  })
  expect(await posted('once')).toEqual([1, 1])
})

test('what Slack refused to take is not known as posted, and its key may come back [slack/once/not-sent]', async () => {
  rig.fault(
    { kind: 'answer', json: { ok: false, error: 'is_archived' } },
    { method: 'chat.postMessage' },
  )
  expect(errorOf(await post('later', 'k-2'))).toMatchObject({
    code: 'slack_refused',
    outcome: 'not_sent',
  })
  expect((await post('later', 'k-2')).body?.result.isError).toBe(undefined)
  expect(await posted('later')).toEqual([2, 1])
})

test('a client that leaves in the middle finds what became of its post under its key [slack/once/repeat]', async () => {
  const held = rig.fault({ kind: 'hold' }, { method: 'chat.postMessage' })
  const leaving = new AbortController()
  const call = server.call(
    POST,
    { channel_id: GENERAL, text: 'left' },
    { headers: { 'idempotency-key': 'k-3' }, signal: leaving.signal },
  )
  await rig.seen('chat.postMessage', told + 1)
  leaving.abort()
  await expect(call).rejects.toThrow()
  held.release()
  const back = await post('left', 'k-3')
  expect(back.body?.result.structuredContent).toMatchObject({ replayed: true })
  expect(await posted('left')).toEqual([1, 1])
})
