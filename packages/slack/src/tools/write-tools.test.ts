import { ManualClock } from '@sallyport/kit/clock'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { WriteRule } from '../settings/settings.ts'
import { slackRefusal, WriteRig } from './testing-write.ts'

const EVERYWHERE: WriteRule = { kind: 'except', channels: [] }
const TS = '1712345678.000100'
const MESSAGE = { ts: TS }
const inSeconds = (seconds: number) =>
  new Date(new ManualClock().nowMs() + seconds * 1_000).toISOString()
const WORDS = { text: 'x' }

/** A call of each tool, without the channel. */
const CALLS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  slack_post_message: WORDS,
  slack_reply_to_thread: { ...WORDS, thread_ts: TS },
  slack_update_message: { ...WORDS, ...MESSAGE },
  slack_delete_message: MESSAGE,
  slack_post_ephemeral: { ...WORDS, user_id: 'U0000ANNA' },
  slack_schedule_message: { ...WORDS, post_at: inSeconds(3_600) },
  slack_delete_scheduled_message: { scheduled_message_id: 'Q1' },
  slack_add_reaction: { ...MESSAGE, reaction: 'eyes' },
  slack_remove_reaction: { ...MESSAGE, reaction: 'eyes' },
  slack_mark_read: MESSAGE,
  slack_join_channel: {},
  slack_leave_channel: {},
  slack_archive_channel: {},
  slack_rename_channel: { name: 'bots' },
  slack_invite_to_channel: { user_ids: ['U0000ANNA'] },
  slack_set_channel_topic: WORDS,
  slack_set_channel_purpose: WORDS,
  slack_add_pin: MESSAGE,
  slack_remove_pin: MESSAGE,
  slack_add_bookmark: { title: 'x', link: 'https://example.com' },
  slack_edit_bookmark: { bookmark_id: 'Bk1', title: 'x' },
  slack_remove_bookmark: { bookmark_id: 'Bk1' },
  slack_create_canvas: { markdown: 'x' },
  slack_upload_file: { file_name: 'a.txt', text: 'x' },
}
/** Tools that name no channel which is there. */
const OTHERS = {
  slack_open_dm: { user_ids: ['U0000ANNA'] },
  slack_create_channel: { name: 'general' },
}
const OF_WORKSPACE = [
  ...['slack_create_user_group', 'slack_update_user_group', 'slack_set_user_group_members'],
  ...['slack_edit_canvas', 'slack_delete_canvas'],
]

test('every tool that writes is tried here, and with a list of channels none reaches beyond them [slack/write/workspace]', () => {
  const all = [...Object.keys(CALLS), ...Object.keys(OTHERS), ...OF_WORKSPACE]
  expect(new WriteRig(EVERYWHERE).names.toSorted()).toEqual(all.toSorted())
  for (const kind of ['only', 'except'] as const) {
    const listed = new WriteRig({ kind, channels: ['bots'] }).names
    expect(listed.toSorted()).toEqual([...Object.keys(CALLS), ...Object.keys(OTHERS)].toSorted())
  }
})

test.each(Object.entries(CALLS))(
  '%s elsewhere is refused before Slack hears of it [slack/write/places]',
  async (name, args) => {
    const rig = new WriteRig({ kind: 'only', channels: ['C0000BOTS'] })
    for (const place of [
      'C000GENERAL',
      '#general',
      'D0000ANNA',
      'U0000ANNA',
      '<#C000GENERAL|bots>',
    ]) {
      await expect(rig.call(name, { ...args, channel_id: place })).rejects.toMatchObject({
        code: 'slack_write_refused',
        outcome: 'not_sent',
      })
    }
    const denied = new WriteRig({ kind: 'except', channels: ['general'] })
    await expect(denied.call(name, { ...args, channel_id: 'C000GENERAL' })).rejects.toMatchObject({
      code: 'slack_write_refused',
    })
    expect([...rig.slack.asked, ...denied.slack.asked]).toEqual([])
  },
)

test.each(Object.entries(OTHERS))(
  '%s elsewhere is refused [slack/write/places]',
  async (name, args) => {
    const rig = new WriteRig({ kind: 'only', channels: ['bots', 'C0000BOTS'] })
    await expect(rig.call(name, args)).rejects.toMatchObject({ code: 'slack_write_refused' })
    expect(rig.slack.asked).toEqual([])
  },
)

test('with a list of direct messages none is opened with anybody else [slack/write/places]', async () => {
  const rig = new WriteRig({ kind: 'only', channels: ['D0000ANNA1'] })
  rig.slack.answer = ({ args }) => ({
    channel: { id: args['users'] === 'U0000ANNA1' ? 'D0000ANNA1' : 'D00000BEN1' },
  })
  const open = (...users: string[]) => rig.call('slack_open_dm', { user_ids: users })
  for (const users of [['U00000BEN1'], ['U0000ANNA1', 'U00000BEN1']]) {
    await expect(open(...users)).rejects.toMatchObject({ code: 'slack_write_refused' })
  }
  expect(rig.slack.writes).toEqual([])
  expect((await open('U0000ANNA1')).structured).toMatchObject({ channel_id: 'D0000ANNA1' })
})

test.each(Object.entries(CALLS))('%s where it is allowed tells Slack once', async (name, args) => {
  const rig = new WriteRig({ kind: 'only', channels: ['C0000BOTS', 'bots'] })
  rig.slack.answer = ({ method }) => ANSWERS[method] ?? {}
  const { structured } = await rig.call(name, { ...args, channel_id: 'C0000BOTS' })
  expect(structured).toMatchObject({ team_id: 'T00000ONE', channel_id: 'C0000BOTS' })
  expect(rig.slack.writes).toHaveLength(1)
})

test('hints say what a tool does, and no tool of this list only reads [slack/write/hints]', () => {
  const rig = new WriteRig(EVERYWHERE)
  const hints = rig.tools.map(({ tool: { name, hints: each } }) => [name, each] as const)
  expect(hints.filter(([, each]) => each.readOnlyHint || !each.openWorldHint)).toEqual([])
  const names = (which: 'destructiveHint' | 'idempotentHint', is: boolean) =>
    hints.filter(([, each]) => each[which] === is).map(([name]) => name)
  expect(names('destructiveHint', false)).toEqual([
    ...['slack_post_message', 'slack_reply_to_thread', 'slack_post_ephemeral'],
    ...['slack_schedule_message', 'slack_add_reaction', 'slack_open_dm', 'slack_mark_read'],
    ...['slack_join_channel', 'slack_create_channel', 'slack_invite_to_channel', 'slack_add_pin'],
    ...['slack_add_bookmark', 'slack_create_canvas', 'slack_create_user_group'],
    'slack_upload_file',
  ])
  expect(names('idempotentHint', false)).toEqual([
    ...['slack_post_message', 'slack_reply_to_thread', 'slack_post_ephemeral'],
    ...['slack_schedule_message', 'slack_create_channel', 'slack_add_bookmark'],
    ...['slack_create_canvas', 'slack_edit_canvas', 'slack_create_user_group', 'slack_upload_file'],
  ])
})

test('the schemas of all tools are JSON Schema that names every argument', () => {
  for (const { tool } of new WriteRig(EVERYWHERE).tools) {
    const input = z.toJSONSchema(tool.input)
    expect(input).toMatchObject({ type: 'object', additionalProperties: false })
    expect(Object.keys(input.properties ?? {})).toContain('idempotency_key')
    expect(z.toJSONSchema(tool.output)).toMatchObject({ type: 'object' })
  }
})

test.each([
  ['slack_add_reaction', { reaction: ':eyes:' }, 'already_reacted'],
  ['slack_remove_reaction', { reaction: 'eyes' }, 'no_reaction'],
  ['slack_add_pin', {}, 'already_pinned'],
  ['slack_remove_pin', {}, 'no_pin'],
])('%s that is so already is no failure', async (name, args, slackError) => {
  const rig = new WriteRig(EVERYWHERE)
  rig.slack.answer = () => Promise.reject(slackRefusal(slackError))
  const { structured } = await rig.call(name, { ...args, channel_id: 'C0000BOTS', ...MESSAGE })
  expect(structured).toMatchObject({ changed: false })
})

test('texts outside messages mention nobody either [slack/write/mentions]', async () => {
  const rig = new WriteRig(EVERYWHERE)
  rig.slack.answer = ({ method }) => ANSWERS[method] ?? {}
  const hostile = '<!channel> @here'
  const place = { channel_id: 'C0000BOTS' }
  await rig.call('slack_set_channel_topic', { ...place, text: hostile })
  await rig.call('slack_set_channel_purpose', { ...place, text: hostile })
  await rig.call('slack_create_canvas', { ...place, title: hostile, markdown: hostile })
  await rig.call('slack_add_bookmark', { ...place, title: hostile, link: 'https://example.com' })
  await rig.call('slack_upload_file', { ...place, title: hostile, file_name: 'a.txt', text: 'x' })
  await rig.call('slack_create_user_group', { name: hostile, description: hostile })
  await rig.call('slack_schedule_message', {
    ...place,
    text: hostile,
    post_at: inSeconds(3_600),
  })
  expect(rig.slack.writes).toHaveLength(7)
  expect(JSON.stringify(rig.slack.writes)).not.toMatch(/<!|@here/)
})

test.each([
  '![](https://example.com/a.png)',
  '!\u0001[](https://example.com/a.png)',
  '!\r[](https://example.com/a.png)',
  '![x][1]\n\n[1]: https://example.com',
  '![](@S012)',
])('a canvas with %j is refused [slack/write/previews]', async (markdown) => {
  const rig = new WriteRig(EVERYWHERE)
  const call = rig.call('slack_create_canvas', { channel_id: 'C0000BOTS', markdown })
  await expect(call).rejects.toMatchObject({ code: 'request_invalid' })
  expect(rig.slack.asked).toEqual([])
})

test.each([inSeconds(5), inSeconds(-60), inSeconds(121 * 86_400), '2026-13-40T00:00:00Z'])(
  'a message is not scheduled for %s',
  async (when) => {
    const rig = new WriteRig(EVERYWHERE)
    const args = { channel_id: 'C0000BOTS', ...WORDS, post_at: when }
    await expect(rig.call('slack_schedule_message', args)).rejects.toMatchObject({
      code: 'request_invalid',
    })
    expect(rig.slack.asked).toEqual([])
  },
)

test('a channel is made or renamed only to a name that may be written to [slack/write/places]', async () => {
  const rig = new WriteRig({ kind: 'only', channels: ['bots', 'releases'] })
  rig.slack.answer = ({ method }) => ANSWERS[method] ?? {}
  await rig.call('slack_create_channel', { name: '#releases' })
  await rig.call('slack_rename_channel', { channel_id: 'bots', name: 'releases' })
  expect(rig.channels.forgotten).toEqual(['C0000BOTS'])
  const escape = rig.call('slack_rename_channel', { channel_id: 'bots', name: 'general' })
  await expect(escape).rejects.toMatchObject({ code: 'slack_write_refused' })
  expect(rig.slack.writes).toHaveLength(2)
})

test('an upload whose first steps fail has shared nothing, and says so', async () => {
  const rig = new WriteRig(EVERYWHERE)
  rig.slack.upload = () => Promise.reject(new Error('the connection was lost'))
  rig.slack.answer = ({ method }) => ANSWERS[method] ?? {}
  const args = { channel_id: 'C0000BOTS', file_name: 'a.txt', text: 'x' }
  await expect(rig.call('slack_upload_file', args)).rejects.toMatchObject({ outcome: 'not_sent' })
  expect(rig.slack.writes).toEqual([])
})

test('without kinds of files nothing is uploaded [slack/write/uploads]', () => {
  const uploads = { bytesMax: 1_000, kinds: [], folder: undefined }
  expect(new WriteRig(EVERYWHERE, { uploads }).names).not.toContain('slack_upload_file')
})

const ANSWERS: Readonly<Record<string, unknown>> = {
  'chat.postEphemeral': { message_ts: TS },
  'chat.scheduleMessage': { scheduled_message_id: 'Q1', post_at: 3_600 },
  'conversations.create': { channel: { id: 'C0000NEW1', name: 'releases' } },
  'conversations.rename': { channel: { id: 'C0000BOTS', name: 'bots' } },
  'bookmarks.add': { bookmark: { id: 'Bk1' } },
  'conversations.canvases.create': { canvas_id: 'F1' },
  'usergroups.create': { usergroup: { id: 'S1', handle: 'x' } },
  'files.getUploadURLExternal': { upload_url: 'https://files.slack.com/upload', file_id: 'F1' },
}
