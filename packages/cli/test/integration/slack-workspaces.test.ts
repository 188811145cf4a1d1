import { expect, test } from 'vitest'
import { APP } from '@sallyport/slack/testing/world'
import { structured } from '../fixtures/slack-server.ts'
import { expectNoSecret, startInstalled } from '../fixtures/slack-world.ts'
import type { Answer } from '../fixtures/send.ts'
import { callTool, failureOf, LegacySession, textOf } from '../fixtures/wire.ts'

/** All of an answer that a caller can compare; ids of requests differ by nature. */
function seen(answer: Answer): string {
  return answer.text.replaceAll(/"requestId":"[^"]*"/g, '')
}

test("a credential of one workspace meets another's id as an unknown one, and every request carries its own team's token [slack/scenario-7]", async () => {
  const world = await startInstalled({
    SLACK_TOOLSETS: 'read,write',
    SLACK_WRITE_CHANNELS: '#general',
  })
  const { rig, server } = world
  const [alpha, bravo] = [server.as('alpha'), server.as('bravo')]
  const foreign = await callTool(alpha, 'slack_list_channels', { team_id: 'TBRAVO0001' })
  const unknown = await callTool(alpha, 'slack_list_channels', { team_id: 'TNOBODY001' })
  expect(failureOf(foreign)?.code).toBe('slack_team_unknown')
  expect(seen(foreign).replaceAll('TBRAVO0001', 'TNOBODY001')).toBe(seen(unknown))
  const channel = await callTool(alpha, 'slack_get_channel_history', { channel_id: 'CBRAVO0001' })
  const nowhere = await callTool(alpha, 'slack_get_channel_history', { channel_id: 'CNOBODY001' })
  expect(seen(channel).replaceAll('CBRAVO0001', 'CNOBODY001')).toBe(seen(nowhere))
  const free = await callTool(server.as('free'), 'slack_list_channels')
  expect(failureOf(free)).toBeDefined()
  expect(textOf(free)).toContain(':')

  const calls = await Promise.all(
    Array.from({ length: 200 }, (_, at) => {
      const [target, letters] = at % 2 ? [bravo, 'BRAVO'] : [alpha, 'ALPHA']
      return at % 10 < 2
        ? callTool(target, 'slack_post_message', { channel_id: `C${letters}0001`, text: letters })
        : callTool(target, 'slack_get_channel_history', { channel_id: `C${letters}0001` })
    }),
  )
  for (const call of calls) structured(call)
  const tokens = new Map(rig.vault.live().map(({ team, token }) => [team, token]))
  for (const call of rig.calls()) {
    const named = /[A-Z](ALPHA|BRAVO)000\d/.exec(JSON.stringify(call.args))?.[1]
    if (call.token === null || (call.args.channel === 'CBRAVO0001' && call.team === 'TALPHA0001'))
      continue
    expect(call.token).toBe(tokens.get(call.team ?? ''))
    if (named) expect(call.team).toBe(`T${named}0001`)
  }
  const read = await callTool(alpha, 'slack_get_channel_history', { channel_id: 'CALPHA0001' })
  expect(read.text).not.toContain('BRAVO')
  expectNoSecret(world, server.output)
})

test('installations work and sessions are served on after a stop amid calls and after a kill [slack/scenario-8]', async () => {
  const { rig, server } = await startInstalled()
  const session = await LegacySession.open(server.as('alpha'))
  structured(await session.call('slack_list_channels'))
  const held = rig.fault({ kind: 'hold' }, { method: 'conversations.history' })
  const running = callTool(server.as('alpha'), 'slack_get_channel_history', {
    channel_id: 'CALPHA0001',
  })
  await rig.seen('conversations.history')
  const begun = await fetch(`${server.url}/slack/install`, { redirect: 'manual' })
  const stopping = server.stop()
  held.release()
  structured(await running)
  expect(await stopping).toBe(0)
  await server.restart()
  structured(await session.call('slack_list_channels'))

  const back = await rig.approve(begun.headers.get('location') ?? '', { team: 'TALPHA0001' })
  const cookie = begun.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ')
  expect((await fetch(back, { headers: { cookie } })).status).toBe(200)

  await server.stop('SIGKILL')
  await server.restart()
  structured(await session.call('slack_list_channels'))
  structured(await callTool(server.as('bravo'), 'slack_list_channels'))
})

test('a token that Slack revoked fails once, is not tried again, and its workspace waits for a new installation [slack/scenario-9]', async () => {
  const { rig, server } = await startInstalled({}, { apps: [APP] })
  rig.vault.refuse('token_revoked', 'TALPHA0001')
  const before = rig.calls('conversations.list').length
  const failed = await callTool(server.as('alpha'), 'slack_list_channels')
  expect(failureOf(failed)).toMatchObject({ code: 'slack_reinstall', retryable: false })
  expect(rig.calls('conversations.list')).toHaveLength(before + 1)
  const second = await callTool(server.as('alpha'), 'slack_list_channels')
  expect(failureOf(second)?.code).toBe('slack_reinstall')
  expect(rig.calls('conversations.list')).toHaveLength(before + 1)
  structured(await callTool(server.as('bravo'), 'slack_list_channels'))
  const teams = await server.run(['slack', 'teams', '--json'])
  const { items } = JSON.parse(teams.stdout) as { items: { team: string; state: string }[] } // documented
  expect(items.map(({ team, state }) => [team, state]).toSorted()).toEqual([
    ['TALPHA0001', 'reinstall'],
    ['TBRAVO0001', 'active'],
  ])
  const removed = await server.run(['slack', 'remove', 'TALPHA0001'])
  expect([removed.code, removed.stdout]).toEqual([0, expect.stringContaining('TALPHA0001')])
  const left = await server.run(['slack', 'teams', '--json'])
  expect(left.stdout).not.toContain('TALPHA0001')
  rig.fault(
    {
      kind: 'answer',
      json: { ok: false, error: 'missing_scope', needed: 'groups:read', provided: 'chat:write' },
    },
    { method: 'conversations.list' },
  )
  const scope = await callTool(server.as('bravo'), 'slack_list_channels')
  expect(failureOf(scope)?.code).toBe('slack_scope_missing')
  expect(textOf(scope)).toContain('groups:read')
})
