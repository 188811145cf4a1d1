import { expect, test } from 'vitest'
import { Rig } from '../fixtures/rig.ts'
import { RunningServer } from '../fixtures/running-server.ts'

/** Tools of which each works on what the ones before made. */
test('channels, groups, canvases and direct messages are managed where writes end nowhere [slack/write/workspace]', async () => {
  await using rig = await Rig.open()
  await using server = await RunningServer.start({
    rig,
    env: { SLACK_TOOLSETS: 'read,write,manage', SLACK_WRITE_CHANNELS: '*' },
  })
  expect((await rig.browse(`${server.url}/slack/install`)).status).toBe(200)
  const run = async (name: string, args: object) => {
    const { body, text } = await server.call(name, args)
    expect([name, body?.result?.isError, text]).toEqual([name, undefined, text])
    return body?.result.structuredContent
  }
  const made = await run('slack_create_channel', { name: 'releases' })
  const place = { channel_id: made.channel_id }
  await run('slack_join_channel', place)
  await run('slack_rename_channel', { ...place, name: 'ships' })
  // Its new name is known at once.
  const posted = await run('slack_post_message', { channel_id: '#ships', text: 'hello' })
  expect(posted.channel_id).toBe(made.channel_id)
  await run('slack_set_channel_purpose', { ...place, text: 'what shipped' })
  await run('slack_invite_to_channel', { ...place, user_ids: ['UALPHA0001'] })
  const { canvas_id: canvas } = await run('slack_create_canvas', { ...place, markdown: '# News' })
  const edit = { canvas_id: canvas, operation: 'insert_at_end', markdown: 'more' }
  await run('slack_edit_canvas', edit)
  await run('slack_delete_canvas', { canvas_id: canvas })
  const { user_group_id: group } = await run('slack_create_user_group', {
    name: 'Pilots',
    handle: 'pilots',
  })
  await run('slack_update_user_group', { user_group_id: group, description: 'who flies' })
  await run('slack_set_user_group_members', { user_group_id: group, user_ids: ['UALPHA0001'] })
  const { bookmark_id: bookmark } = await run('slack_add_bookmark', {
    ...place,
    title: 'docs',
    link: 'https://example.com/',
  })
  await run('slack_edit_bookmark', { ...place, bookmark_id: bookmark, title: 'the docs' })
  await run('slack_remove_bookmark', { ...place, bookmark_id: bookmark })
  const dm = await run('slack_open_dm', { user_ids: ['UALPHA0001'] })
  const told = await run('slack_post_message', { channel_id: 'UALPHA0001', text: 'psst' })
  expect(told.channel_id).toBe(dm.channel_id)
  const later = new Date(Date.now() + 3_600_000).toISOString()
  const waiting = await run('slack_schedule_message', { ...place, text: 'later', post_at: later })
  const { scheduled } = await run('slack_list_scheduled_messages', { channel_id: '#ships' })
  expect(scheduled).toMatchObject([
    { scheduled_message_id: waiting.scheduled_message_id, post_at: waiting.post_at },
  ])
  await run('slack_delete_scheduled_message', {
    ...place,
    scheduled_message_id: waiting.scheduled_message_id,
  })
  await run('slack_archive_channel', place)
})
