import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import type { WriteRule } from '../settings/settings.ts'
import { slackRefusal, WriteRig } from './testing-write.ts'

const EVERYWHERE: WriteRule = { kind: 'except', channels: [] }
const ONLY_BOTS: WriteRule = { kind: 'only', channels: ['C0000BOTS'] }
const POST = 'slack_post_message'
const TS = '1712345678.000100'
const SAFE = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false }

test('a post is plain text without previews and mentions, sent once [slack/write/previews]', async () => {
  const rig = new WriteRig(EVERYWHERE)
  const outcome = await rig.call(POST, { channel_id: 'C0000BOTS', text: '<!channel> done' })
  expect(outcome).toEqual({
    structured: { team_id: 'T00000ONE', channel_id: 'C0000BOTS', ts: '1700000000.000100' },
    text: 'Posted message 1700000000.000100 in C0000BOTS.',
  })
  const args = { channel: 'C0000BOTS', text: '@\u200bchannel done', ...SAFE }
  expect(rig.slack.asked).toEqual([{ method: 'chat.postMessage', args, write: true }])
})

test('without a rule there is no tool that writes [slack/write/off]', async () => {
  const rig = new WriteRig({ kind: 'none' })
  expect(rig.names).toEqual([])
  await expect(rig.call(POST, { channel_id: 'C0000BOTS', text: 'x' })).rejects.toMatchObject({
    code: 'not_found',
  })
})

const ELSEWHERE: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  [POST, { text: 'x' }],
  [POST, { text: 'x', thread_ts: TS }],
  ['slack_reply_to_thread', { text: 'x', thread_ts: TS }],
  ['slack_reply_to_thread', { text: 'x', thread_ts: TS, also_to_channel: true }],
  ['slack_update_message', { text: 'x', ts: TS }],
  ['slack_delete_message', { ts: TS }],
  ['slack_post_ephemeral', { text: 'x', user_id: 'U0000ANNA' }],
]

test.each(ELSEWHERE)(
  '%s %j outside the list is refused before Slack hears of it [slack/write/places]',
  async (name, args) => {
    const rig = new WriteRig(ONLY_BOTS)
    for (const place of ['C000GENERAL', 'D0000ANNA', 'U0000ANNA', '<#C000GENERAL|bots>']) {
      await expect(rig.call(name, { ...args, channel_id: place })).rejects.toMatchObject({
        code: 'slack_write_refused',
        outcome: 'not_sent',
      })
    }
    expect([rig.slack.asked, rig.channels.looks]).toEqual([[], 0])
    await expect(rig.call(name, { ...args, channel_id: '#general' })).rejects.toMatchObject({
      code: 'slack_write_refused',
    })
    expect(rig.slack.asked).toEqual([])
  },
)

test('a name is posted to by its id, and one that is listed by its id is allowed', async () => {
  const rig = new WriteRig(ONLY_BOTS)
  await rig.call(POST, { channel_id: '#Bots', text: 'x' })
  expect(rig.slack.writes.map(({ args }) => args['channel'])).toEqual(['C0000BOTS'])
})

test('the id of a channel that is denied by name is refused, as is its name', async () => {
  const rig = new WriteRig({ kind: 'except', channels: ['general'] })
  for (const place of ['C000GENERAL', 'general', '#GENERAL']) {
    await expect(rig.call(POST, { channel_id: place, text: 'x' })).rejects.toMatchObject({
      code: 'slack_write_refused',
    })
  }
  expect(rig.slack.asked).toEqual([])
})

test('a person is reached only where their direct message is allowed, too', async () => {
  const rig = new WriteRig({ kind: 'except', channels: ['D0000ANNA'] })
  rig.slack.answer = ({ method }) =>
    method === 'conversations.open' && { channel: { id: 'D0000ANNA' } }
  const call = rig.call(POST, { channel_id: 'U0000ANNA', text: 'x' })
  await expect(call).rejects.toMatchObject({ code: 'slack_write_refused' })
  expect(rig.slack.writes).toEqual([])
})

test('a thread is answered where it is', async () => {
  const rig = new WriteRig(EVERYWHERE)
  const args = { channel_id: 'C0000BOTS', thread_ts: TS, text: 'x', also_to_channel: true }
  const { structured } = await rig.call('slack_reply_to_thread', args)
  expect(structured).toMatchObject({ channel_id: 'C0000BOTS', thread_ts: TS })
  expect(rig.slack.writes[0]?.args).toMatchObject({ thread_ts: TS, reply_broadcast: true })
})

test.each([
  ['no text', { channel_id: 'C0000BOTS' }],
  ['text of control characters', { channel_id: 'C0000BOTS', text: '\u0007\u0000 ' }],
  ['a text over the limit', { channel_id: 'C0000BOTS', text: 'x'.repeat(4_001) }],
  ['text that grows over the limit', { channel_id: 'C0000BOTS', text: '<!x'.repeat(1_333) }],
  ['an argument that does not exist', { channel_id: 'C0000BOTS', text: 'x', unfurl_links: true }],
  ['buttons', { channel_id: 'C0000BOTS', text: 'x', blocks: [{ type: 'actions' }] }],
])('a post with %s is refused [slack/write/length]', async (_case, args) => {
  const rig = new WriteRig(EVERYWHERE)
  await expect(rig.call(POST, args)).rejects.toMatchObject({ code: 'request_invalid' })
  expect(rig.slack.asked).toEqual([])
})

test.each([
  ['Slack refused it', slackRefusal('is_archived'), 'not_sent'],
  ['Slack asks to wait', new AppError('slack_rate_limited', 'wait'), 'not_sent'],
  ['nobody knows', new AppError('slack_outcome_unknown', 'lost'), 'unknown'],
  ['the answer is none', new AppError('slack_protocol', 'html'), 'unknown'],
  ['the caller left', new AppError('cancelled', 'left'), 'unknown'],
  ['it never left', new AppError('deadline_exceeded', 'late', { outcome: 'not_sent' }), 'not_sent'],
] as const)(
  'when %s, the error says so and nothing is sent again [slack/write/once]',
  async (_case, error, outcome) => {
    const rig = new WriteRig(EVERYWHERE)
    rig.slack.answer = () => Promise.reject(error)
    await expect(rig.call(POST, { channel_id: 'C0000BOTS', text: 'x' })).rejects.toMatchObject({
      code: error.code,
      outcome,
    })
    expect(rig.slack.asked).toHaveLength(1)
  },
)

test('an update takes former blocks away, and goes through the same guard', async () => {
  const rig = new WriteRig(EVERYWHERE)
  await rig.call('slack_update_message', { channel_id: 'C0000BOTS', ts: TS, text: '@here' })
  const args = { channel: 'C0000BOTS', ts: TS, text: '@\u200bhere', blocks: [], ...SAFE }
  expect(rig.slack.writes).toEqual([{ method: 'chat.update', args, write: true }])
})

test('another workspace is unknown', async () => {
  const rig = new WriteRig(EVERYWHERE)
  const call = rig.call(POST, { team_id: 'T0OTHER', channel_id: 'C0000BOTS', text: 'x' })
  await expect(call).rejects.toMatchObject({ code: 'slack_team_unknown' })
})
