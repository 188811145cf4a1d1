import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Rig } from '../fixtures/rig.ts'
import { RunningServer } from '../fixtures/running-server.ts'

const GENERAL = 'CALPHA0001'
const EVERYTHING = 'read,write,manage,files'
const GAP = '@\u200b'
const BODY = 'the launch code is 0000'
const TS = '1700000000.000100'

let rig: Rig
let folder: string
let off: RunningServer
let on: RunningServer

beforeAll(async () => {
  rig = await Rig.open()
  folder = await mkdtemp(join(tmpdir(), 'slack-guard-'))
  off = await RunningServer.start({ rig, env: { SLACK_TOOLSETS: EVERYTHING } })
  on = await RunningServer.start({
    rig,
    folder,
    env: {
      SLACK_TOOLSETS: EVERYTHING,
      SLACK_WRITE_CHANNELS: `${GENERAL}`,
      SLACK_UPLOAD_KINDS: 'txt',
    },
  })
  for (const { url } of [off, on]) {
    expect((await rig.browse(`${url}/slack/install`)).status).toBe(200)
  }
})
afterAll(async () => {
  for (const one of [off, on, rig]) await one?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const CALLS: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['slack_post_message', { text: BODY }],
  ['slack_post_message', { text: BODY, thread_ts: TS }],
  ['slack_reply_to_thread', { text: BODY, thread_ts: TS }],
  ['slack_update_message', { text: BODY, ts: TS }],
  ['slack_delete_message', { ts: TS }],
  ['slack_add_reaction', { ts: TS, reaction: 'eyes' }],
  ['slack_schedule_message', { text: BODY, post_at: '2999-01-01T00:00:00Z' }],
  ['slack_post_ephemeral', { text: BODY, user_id: 'UALPHA0001' }],
  ['slack_upload_file', { file_name: 'a.txt', text: BODY }],
]

test('with writes off no tool that writes is listed, and calling one is calling none [slack/write/off] [slack/scenario-17]', async () => {
  const listed = await off.modern('tools/list')
  const tools: readonly { name: string; annotations: object }[] = listed.body?.result.tools
  expect(
    tools.filter(({ annotations }) => !('readOnlyHint' in annotations && annotations.readOnlyHint)),
  ).toEqual([])
  const unknown = await off.call('slack_no_such_tool', { channel_id: GENERAL })
  expect(unknown.body?.error).toMatchObject({ code: -32_602 })
  const before = rig.calls().length
  for (const [name, args] of CALLS) {
    const told = await off.call(name, { channel_id: GENERAL, ...args })
    expect(told.text.replaceAll(name, 'slack_no_such_tool')).toBe(unknown.text)
  }
  expect(rig.calls()).toHaveLength(before)
})

test.each(CALLS.filter(([name]) => name !== 'slack_schedule_message'))(
  '%s %j outside the list is refused before Slack is contacted [slack/write/places] [slack/scenario-17]',
  async (name, args) => {
    const before = rig.calls().length
    for (const place of ['CALPHA0002', 'UALPHA0001', 'D012345678', `<#CALPHA0002|general>`]) {
      const told = await on.call(name, { ...args, channel_id: place })
      expect(told.body?.result).toMatchObject({
        isError: true,
        _meta: {
          'dev.sallyport/error': {
            code: 'slack_write_refused',
            retryable: false,
            outcome: 'not_sent',
          },
        },
      })
    }
    expect(rig.calls()).toHaveLength(before)
  },
)

test('by its name a channel of the list is written to, and another one is not [slack/write/places]', async () => {
  const told = await on.call('slack_post_message', { channel_id: '#general', text: 'by name' })
  expect(told.body?.result.structuredContent).toMatchObject({ channel_id: GENERAL })
  const posts = rig.calls('chat.postMessage').length
  const other = await on.call('slack_post_message', { channel_id: 'random', text: BODY })
  expect(other.text).toContain('slack_write_refused')
  expect(rig.calls('chat.postMessage')).toHaveLength(posts)
})

test('what arrives at Slack mentions nobody and has no previews [slack/write/mentions] [slack/write/previews]', async () => {
  const blocks = [
    { type: 'section', text: { type: 'mrkdwn', text: '<!everyone> <!subteam^S1|@all>' } },
    {
      type: 'rich_text',
      elements: [
        { type: 'rich_text_section', elements: [{ type: 'broadcast', range: 'channel' }] },
      ],
    },
  ]
  const args = { channel_id: GENERAL, text: '<!channel> <!here|x> @everyone <@UALPHA0001>', blocks }
  const told = await on.call('slack_post_message', args)
  expect(told.body?.result.isError).toBe(undefined)
  const sent = rig.calls('chat.postMessage').at(-1)?.args ?? {}
  expect(sent).toMatchObject({
    text: `${GAP}channel ${GAP}here ${GAP}everyone <@UALPHA0001>`,
    unfurl_links: 'false',
    unfurl_media: 'false',
    link_names: 'false',
    parse: 'none',
  })
  expect(JSON.stringify(sent)).not.toMatch(/<!|broadcast|usergroup/)
})

test('inside the list a message is posted, answered, changed, marked and deleted', async () => {
  const place = { channel_id: GENERAL }
  const posted = await on.call('slack_post_message', { ...place, text: 'one' })
  const ts: unknown = posted.body?.result.structuredContent.ts
  const message = { ...place, ts }
  const steps: readonly (readonly [string, object])[] = [
    ['slack_reply_to_thread', { ...place, thread_ts: ts, text: 'two' }],
    ['slack_update_message', { ...message, text: 'three' }],
    ['slack_add_reaction', { ...message, reaction: 'eyes' }],
    ['slack_add_reaction', { ...message, reaction: 'eyes' }],
    ['slack_remove_reaction', { ...message, reaction: 'eyes' }],
    ['slack_add_pin', message],
    ['slack_remove_pin', message],
    ['slack_add_bookmark', { ...place, title: 'docs', link: 'https://example.com/' }],
    ['slack_set_channel_topic', { ...place, text: 'news' }],
    ['slack_mark_read', message],
    ['slack_post_ephemeral', { ...place, user_id: 'UALPHA0001', text: 'psst' }],
    [
      'slack_schedule_message',
      { ...place, text: 'later', post_at: new Date(Date.now() + 3_600_000).toISOString() },
    ],
    ['slack_upload_file', { ...place, file_name: 'a.txt', text: 'content' }],
    ['slack_get_permalink', { ...place, ts }],
    ['slack_delete_message', message],
  ]
  for (const [name, args] of steps) {
    const told = await on.call(name, args)
    expect([name, told.body?.result?.isError, told.text]).toEqual([name, undefined, told.text])
  }
})

test('the audit log has a line for each write, and no text of a message anywhere [slack/write/audit]', async () => {
  await on.call(
    'slack_post_message',
    { channel_id: GENERAL, text: BODY },
    { headers: { 'idempotency-key': 'k-audit' } },
  )
  await on.call('slack_post_message', { channel_id: 'CALPHA0002', text: BODY })
  const files = await readdir(folder)
  const [name = ''] = files.filter((file) => file.endsWith('.db'))
  using database = new DatabaseSync(join(folder, name), { readOnly: true })
  const rows = database
    .prepare('select kind, principal, tool, outcome, code from audit order by rowid desc limit 4')
    .all()
  const [principal, tool] = ['token:token-1', 'slack_post_message']
  expect(rows.map(({ kind, outcome, code }) => [kind, outcome, code])).toEqual([
    ['call', 'refused', 'slack_write_refused'],
    ['intent', 'pending', null],
    ['call', 'ok', null],
    ['intent', 'pending', null],
  ])
  expect(new Set(rows.map((row) => `${row['principal']} ${row['tool']}`))).toEqual(
    new Set([`${principal} ${tool}`]),
  )
  for (const file of files) {
    expect((await readFile(join(folder, file))).includes(BODY)).toBe(false)
  }
  expect(on.lines.join('')).not.toContain(BODY)
})

test('no token is in the log', () => {
  const lines = [...off.lines, ...on.lines].join('')
  for (const token of rig.vault.everything()) expect(lines).not.toContain(token)
})
