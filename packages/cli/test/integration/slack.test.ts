import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '@sallyport/slack/testing/rig'
import { sallyport } from '../fixtures/sallyport.ts'
import { SlackProcess } from '../fixtures/slack-process.ts'
import { callTool, textOf } from '../fixtures/wire.ts'

const POSTS = { SLACK_TOOLSETS: 'read,write', SLACK_WRITE_CHANNELS: 'general' }
const TOKEN = 'f3a90c71e5d24b8896b1c04d7e2f5a63'

interface Teams {
  readonly items: readonly Record<string, unknown>[]
}

async function teams(slack: SlackProcess): Promise<Teams['items']> {
  const { code, stdout, stderr } = await slack.command(['slack', 'teams', '--json'])
  expect(code, stderr).toBe(0)
  return (JSON.parse(stdout) as Teams).items // as the command prints it
}

test('a Slack server that lacks its settings says which, a line each, and ends with 2 [slack/settings/all-at-once]', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'sallyport-slack-'))
  try {
    writeFileSync(join(cwd, '.env'), 'SLACK_CLIENT_ID=required\nSALLYPORT_TOKEN=short\n')
    const { code, stdout, stderr } = await sallyport(['slack'], { cwd, env: { HOME: cwd } })
    expect(code).toBe(2)
    expect(stdout).toBe('')
    for (const [name, words] of [
      ['SLACK_CLIENT_ID', 'is a placeholder; '],
      ['SLACK_CLIENT_SECRET', 'is not set; '],
      ['SLACK_SCOPES', 'is not set; '],
      ['SLACK_REDIRECT_URI', 'is not set; '],
      ['SALLYPORT_TOKEN', 'is shorter than 32 characters (5); '],
    ]) {
      expect(stderr).toMatch(
        new RegExp(`^(sallyport: )?environment ${name}: ${RegExp.escape(words ?? '')}.+`, 'm'),
      )
    }
  } finally {
    rmSync(cwd, { recursive: true })
  }
})

test('the Slack server runs alone: it says where, is installed over its page, shows the workspace, survives kill -9 and drains [slack/command/alone] [slack/command/teams] [slack/command/prove]', async () => {
  await using rig = await Rig.open()
  await using slack = await SlackProcess.start({
    ...rig.env,
    SALLYPORT_TOKEN: `me=${TOKEN}`,
    ...POSTS,
  })
  expect(slack.ready).toEqual({
    address: slack.url.replace('http://localhost', '127.0.0.1'),
    pid: slack.pid,
  })
  expect(await teams(slack)).toEqual([])
  const page = await rig.browse(`${slack.url}/slack/install`)
  expect(page.status, page.body).toBe(200)
  const [team, ...others] = await teams(slack)
  expect(others).toEqual([])
  expect(team).toMatchObject({
    ...{ team: 'TALPHA0001', name: 'Alpha', app: 'default', tenant: null, state: 'active' },
    ...{ installedBy: 'UALPHA0001', expiresAt: null, userScopes: [] },
  })
  expect(team?.['scopes']).toContain('channels:read')
  const shown = await slack.command(['slack', 'teams'])
  expect(shown.stdout).toMatch(/TALPHA0001 +Alpha +default +- +active +never +UALPHA0001 +\S+/)

  const list = async () => {
    const target = { url: `${slack.url}/mcp`, token: TOKEN }
    return textOf(await callTool(target, 'slack_list_channels', {}))
  }
  expect(await list()).toContain('general')
  const proof = await slack.command(['slack', 'prove', '--json'])
  expect(JSON.parse(proof.stdout)).toMatchObject({
    ok: true,
    steps: [
      { tool: 'slack_list_channels', ok: true, said: 'the app is in CALPHA0001' },
      { tool: 'slack_get_channel_history', ok: true },
    ],
  })
  const foreign = await slack.command(['slack', 'prove', '--channel', 'random'])
  expect([foreign.code, rig.calls('chat.postMessage')]).toEqual([1, []])
  expect(foreign.stdout).toMatch(/^FAILED +slack_post_message/)
  const post = await slack.command(['slack', 'prove', '--channel', '#general'])
  expect(post.stdout).toMatch(/^ok +slack_post_message .+\nok +slack_delete_message .+ is gone$/m)
  expect(post.code).toBe(0)
  expect(rig.calls('chat.delete')).toHaveLength(1)
  await slack.stop('SIGKILL')
  expect(await teams(slack)).toHaveLength(1)
  await slack.restart()
  expect(await list()).toContain('general')
  expect(await slack.stop('SIGTERM')).toBe(0)
  for (const secret of [TOKEN, ...rig.vault.everything(), rig.env['SLACK_CLIENT_SECRET'] ?? '']) {
    expect(slack.logs).not.toContain(secret)
  }
}, 90_000)

test('two Slack servers on one embedded store are one too many, and what is refused names the variable to set', async () => {
  await using rig = await Rig.open()
  const env = { ...rig.env, SALLYPORT_TOKEN: TOKEN }
  await using slack = await SlackProcess.start(env)
  const { code, stderr } = await slack.command(['slack', '--json'])
  expect(code).not.toBe(0)
  expect(stderr).toContain('store_locked')
  expect(stderr).toContain(String(slack.pid))
  expect(stderr).toContain('SALLYPORT_STORE')
  const key = { SALLYPORT_MASTER_KEY: 'f'.repeat(64) }
  const foreign = await slack.command(['slack', 'teams'], key)
  expect(foreign.code).toBe(2)
  expect(foreign.stderr).toContain('SALLYPORT_MASTER_KEY')
  const proof = await slack.command(['slack', 'prove', '--channel', 'general'])
  expect(proof.stdout).toMatch(/^FAILED +slack_post_message .+ SLACK_WRITE_CHANNELS /)
})
