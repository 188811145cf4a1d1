import { ManualClock } from '@sallyport/kit/clock'
import { expect, test } from 'vitest'
import { FakeSlack, WriteRig } from '../tools/testing-write.ts'
import { WriteChannels } from './write-channels.ts'

/** A directory that knows one name, and a Slack that knows what the channel is called now. */
function channelsOf(directory: Record<string, string>, atSlack: Record<string, string>) {
  const rig = new WriteRig({ kind: 'none' })
  const slack: FakeSlack = rig.slack
  slack.answer = ({ args }) => {
    const id = String(args['channel'])
    return { channel: { id, name: atSlack[id] } }
  }
  const forgotten: string[] = []
  const names = {
    resolve: (_: unknown, ref: string) => Promise.resolve({ id: directory[ref.slice(1)] ?? '' }),
    forgetChannel: (_: unknown, id: string) => void forgotten.push(id),
  }
  const clock = new ManualClock()
  const [workspace] = rig.context({}).workspaces
  if (workspace === undefined) throw new Error('no workspace')
  return { channels: new WriteChannels(names, clock), slack, workspace, clock, forgotten }
}

const signal = new AbortController().signal

test('a channel is asked about once a minute, and again after a change', async () => {
  const { channels, slack, workspace, clock } = channelsOf({}, { C1: 'bots' })
  await channels.byId(workspace, 'C1', signal)
  clock.advance(59_999)
  await channels.byId(workspace, 'C1', signal)
  expect(slack.asked).toHaveLength(1)
  clock.advance(1)
  await channels.byId(workspace, 'C1', signal)
  channels.forget(workspace, 'C1')
  await channels.byId(workspace, 'C1', signal)
  expect(slack.asked).toHaveLength(3)
})

test('a name that the directory has from before is not believed [slack/write/places]', async () => {
  const { channels, workspace, forgotten } = channelsOf({ bots: 'C1' }, { C1: 'general' })
  await expect(channels.byName(workspace, 'bots', signal)).rejects.toMatchObject({
    code: 'slack_channel_unknown',
  })
  expect(forgotten).toEqual(['C1', 'C1'])
})

test('a direct message is known by who it is with', async () => {
  const { channels, slack, workspace } = channelsOf({}, {})
  slack.answer = () => ({ channel: { id: 'D1', is_im: true, user: 'U1', name: 'whatever' } })
  expect(await channels.byId(workspace, 'D1', signal)).toEqual({ id: 'D1', name: null, user: 'U1' })
})
