import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { begin, page } from '../fixtures/browser.ts'
import { Rig } from '../fixtures/rig.ts'
import { RunningServer, type Told, TOKEN } from '../fixtures/running-server.ts'
import { eventBody, signed } from '../fixtures/signed.ts'
import { APP } from '../fixtures/world.ts'

const A = 'TALPHA0001'
const B = 'TBRAVO0001'

let rig: Rig
beforeAll(async () => void (rig = await Rig.open()))
afterAll(() => rig[Symbol.asyncDispose]())

const list = (server: RunningServer, team: string): Promise<Told> =>
  server.call('slack_list_channels', { team_id: team })

function codeOf({ body }: Told): string | undefined {
  return body?.result._meta?.['dev.sallyport/error']?.code
}

/** Both workspaces, one after the other, by their own pages. */
async function startInstalled(): Promise<RunningServer> {
  const server = await RunningServer.start({
    rig,
    env: { SALLYPORT_TOKEN: `both:${A}+${B}=${TOKEN}` },
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  for (const team of [A, B]) {
    const shown = await rig.browse(`${server.url}/slack/install`, { team })
    expect([shown.status, shown.body.includes(team)]).toEqual([200, true])
  }
  return server
}

async function tell(server: RunningServer, body: string): Promise<number> {
  return (await fetch(`${server.url}/slack/events`, signed(APP, body))).status
}

test('a workspace can be read the moment its page says so, and a later denial changes nothing [slack/oauth/installed] [slack/oauth/denied]', async () => {
  const server = await startInstalled()
  for (const team of [A, B]) expect(codeOf(await list(server, team))).toBe(undefined)
  const denied = await rig.browse(`${server.url}/slack/install`, { team: A, deny: true })
  expect(denied.status).toBe(403)
  rig.fault(
    { kind: 'answer', json: { ok: false, error: 'invalid_code' } },
    { method: 'oauth.v2.access' },
  )
  expect((await rig.browse(`${server.url}/slack/install`, { team: A })).status).toBe(400)
  expect(codeOf(await list(server, A))).toBe(undefined)
  for (const secret of [...rig.vault.everything(), APP.clientSecret]) {
    expect(server.lines.join('')).not.toContain(secret)
  }
})

test('an uninstalled workspace is told so without asking Slack, the other works on, and a new installation heals it [slack/events/uninstalled] [slack/events/repeat]', async () => {
  const server = await startInstalled()
  const body = eventBody(APP, A, { type: 'app_uninstalled' })
  expect(await tell(server, body)).toBe(200)
  const before = rig.calls('conversations.list', A).length
  expect(codeOf(await list(server, A))).toBe('slack_reinstall')
  expect(rig.calls('conversations.list', A)).toHaveLength(before)
  expect(codeOf(await list(server, B))).toBe(undefined)
  expect((await rig.browse(`${server.url}/slack/install`, { team: A })).status).toBe(200)
  expect(codeOf(await list(server, A))).toBe(undefined)
  // Slack delivers the event again, and one of before the new installation for the first time.
  const { headers, ...again } = signed(APP, `${body} `)
  expect((await fetch(`${server.url}/slack/events`, { ...again, headers })).status).toBe(200)
  const late = {
    ...JSON.parse(body),
    event_id: 'EvLATE',
    event_time: Math.floor(Date.now() / 1_000) - 60,
  }
  expect(await tell(server, JSON.stringify(late))).toBe(200)
  expect(codeOf(await list(server, A))).toBe(undefined)
})

test('a bot whose token was revoked needs a new installation [slack/events/uninstalled]', async () => {
  const server = await startInstalled()
  const revoked = { type: 'tokens_revoked', tokens: { oauth: [], bot: ['UBOT'] } }
  expect(await tell(server, eventBody(APP, B, revoked))).toBe(200)
  expect(codeOf(await list(server, B))).toBe('slack_reinstall')
  expect(codeOf(await list(server, A))).toBe(undefined)
})

test('what was begun before a restart is finished after it, and the store tells nobody the state [slack/oauth/state-survives] [slack/oauth/no-leak]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slack-restart-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const first = await RunningServer.start({ rig, folder })
  const { location, cookie, state } = await begin(first.url)
  const back = await rig.approve(location, { team: A })
  await first[Symbol.asyncDispose]()
  const files = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), 'latin1')),
  )
  expect(files.join('')).not.toContain(state)
  expect(files.join('')).not.toContain(cookie.split('=')[1])
  const env = {
    PORT: new URL(first.url).port,
    SLACK_REDIRECT_URI: `${first.url}/slack/oauth/callback`,
  }
  const second = await RunningServer.start({ rig, folder, env })
  onTestFinished(() => second[Symbol.asyncDispose]())
  expect((await page(back, cookie)).status).toBe(200)
  expect((await page(back, cookie)).status).toBe(400)
})
