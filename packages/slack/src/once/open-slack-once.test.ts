import { ManualClock } from '@sallyport/kit/clock'
import { MasterKeys } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import { MemoryOutcomes } from '@sallyport/kit/testing/outcomes'
import { expect, onTestFinished, test } from 'vitest'
import { slackRefusal, WriteRig } from '../tools/testing-write.ts'
import { openSlackOnce } from './open-slack-once.ts'

const KEYS = MasterKeys.parse([new Secret('ab'.repeat(32))])
const POST = 'slack_post_message'
const HELLO = { channel_id: 'C0000BOTS', text: 'hello' }
const KEY = { key: 'k1' }

/** One process over outcomes that others may share. */
function processOn(store: MemoryOutcomes): WriteRig {
  const once = openSlackOnce({ store, keys: KEYS, clock: new ManualClock(), log: silentLog })
  onTestFinished(() => once[Symbol.asyncDispose]())
  return new WriteRig({ kind: 'except', channels: [] }, { once })
}

test('the same key gives the first result, in another process too, and posts once [slack/once/repeat]', async () => {
  const store = new MemoryOutcomes()
  const [one, other] = [processOn(store), processOn(store)]
  const first = await one.call(POST, HELLO, KEY)
  const again = await one.call(POST, HELLO, KEY)
  // As an argument, by a model that cannot set anything else of the request.
  const elsewhere = await other.call(POST, { ...HELLO, idempotency_key: 'k1' })
  expect(first.structured).not.toHaveProperty('replayed')
  expect(again).toEqual({ ...first, structured: { ...first.structured, replayed: true } })
  expect(elsewhere).toEqual(again)
  expect([one.slack.writes.length, other.slack.writes.length]).toEqual([1, 0])
})

test('calls that come at once post once [slack/once/repeat]', async () => {
  const one = processOn(new MemoryOutcomes())
  const calls = Array.from({ length: 10 }, () => one.call(POST, HELLO, KEY))
  const outcomes = await Promise.all(calls)
  expect(one.slack.writes).toHaveLength(1)
  expect(outcomes.filter(({ structured }) => structured['replayed'] === true)).toHaveLength(9)
})

test.each([
  ['another text', { ...HELLO, text: 'bye' }],
  ['another channel', { ...HELLO, channel_id: 'C000GENERAL' }],
  ['a thread', { ...HELLO, thread_ts: '1712345678.000100' }],
  ['blocks', { ...HELLO, blocks: [{ type: 'divider' }] }],
])(
  'the same key with %s is a conflict, and nothing is posted [slack/once/conflict]',
  async (_case, args) => {
    const one = processOn(new MemoryOutcomes())
    await one.call(POST, HELLO, KEY)
    await expect(one.call(POST, args, KEY)).rejects.toMatchObject({
      code: 'idempotency_conflict',
      outcome: 'not_sent',
    })
    expect(one.slack.writes).toHaveLength(1)
  },
)

test('a key is of one principal and one tool [slack/once/conflict]', async () => {
  const one = processOn(new MemoryOutcomes())
  await one.call(POST, HELLO, KEY)
  await one.call(POST, HELLO, { ...KEY, principal: 'token:two' })
  await one.call('slack_reply_to_thread', { ...HELLO, thread_ts: '1712345678.000100' }, KEY)
  expect(one.slack.writes).toHaveLength(3)
})

test('two keys that differ are refused', async () => {
  const one = processOn(new MemoryOutcomes())
  const call = one.call(POST, { ...HELLO, idempotency_key: 'k2' }, KEY)
  await expect(call).rejects.toMatchObject({ code: 'request_invalid', outcome: 'not_sent' })
})

test('an unknown outcome stays unknown, in every process [slack/once/unknown]', async () => {
  const store = new MemoryOutcomes()
  const [one, other] = [processOn(store), processOn(store)]
  one.slack.answer = () =>
    Promise.reject(new AppError('slack_outcome_unknown', 'the connection was lost'))
  for (const rig of [one, one, other]) {
    await expect(rig.call(POST, HELLO, KEY)).rejects.toMatchObject({
      code: 'slack_outcome_unknown',
      outcome: 'unknown',
    })
  }
  expect([one.slack.writes.length, other.slack.writes.length]).toEqual([1, 0])
})

test('what Slack or the guard refused is tried again with its key [slack/once/not-sent]', async () => {
  const one = processOn(new MemoryOutcomes())
  const errors = [slackRefusal('is_archived'), new AppError('slack_rate_limited', 'wait')]
  one.slack.answer = () => {
    const error = errors.shift()
    return error ? Promise.reject(error) : {}
  }
  await expect(one.call(POST, HELLO, KEY)).rejects.toMatchObject({ code: 'slack_refused' })
  await expect(one.call(POST, HELLO, KEY)).rejects.toMatchObject({ code: 'slack_rate_limited' })
  expect((await one.call(POST, HELLO, KEY)).structured).not.toHaveProperty('replayed')
})

test('while the store cannot be written nothing is posted [slack/once/unwritable]', async () => {
  const store = new MemoryOutcomes()
  store.broken.add('claim')
  const one = processOn(store)
  await expect(one.call(POST, HELLO, KEY)).rejects.toMatchObject({
    code: 'store_unwritable',
    outcome: 'not_sent',
  })
  expect(one.slack.asked).toEqual([])
})

test('what is kept of a post can be read by nobody who reads the store', async () => {
  const store = new MemoryOutcomes()
  await processOn(store).call(POST, HELLO, { key: 'the key itself' })
  const kept = JSON.stringify([...store.rows.values()]) + String(store.row?.result)
  expect(kept).not.toMatch(/hello|C0000BOTS|the key itself/)
})
