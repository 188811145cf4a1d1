import { request } from 'node:http'
import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { eventBody, signed } from '../fixtures/signed.ts'
import {
  appOf,
  openFolderStore,
  openWebHost,
  RecordedInstallations,
  type WebHostOptions,
} from '../fixtures/web-host.ts'
import { APP, type RigApp } from '../fixtures/world.ts'

const OTHER_APP: RigApp = { ...APP, signingSecret: '0d9c8b7a6f5e4d3c2b1a09f8e7d6c5b4' }
const NOWHERE = { apiUrl: 'http://127.0.0.1:1/api/', authorizeUrl: 'http://127.0.0.1:1/' }
const UNINSTALLED = { type: 'app_uninstalled' }

let kept: Awaited<ReturnType<typeof openFolderStore>>
beforeAll(async () => void (kept = await openFolderStore()))
afterAll(() => kept[Symbol.asyncDispose]())

async function open(options: Partial<WebHostOptions> = {}) {
  const host = await openWebHost(NOWHERE, { store: kept.store, ...options })
  onTestFinished(() => host[Symbol.asyncDispose]())
  return host
}

/** An event with an id of its own, whatever the clock says. */
let count = 0
function event(what: object, changes: object = {}): string {
  const body = JSON.parse(eventBody(APP, 'T1', { ...what })) as object // of our own making
  return JSON.stringify({ ...body, event_id: `Ev${(count += 1)}`, ...changes })
}

async function send(url: string, init: RequestInit, query = ''): Promise<[number, string]> {
  const answer = await fetch(`${url}/slack/events${query}`, init)
  return [answer.status, await answer.text()]
}

async function counted(host: Awaited<ReturnType<typeof open>>, outcome: string): Promise<boolean> {
  return (await host.metrics.render()).includes(`slack_events_total{outcome="${outcome}"} 1`)
}

test('an address that Slack checks answers with the challenge', async () => {
  const host = await open()
  const body = JSON.stringify({ type: 'url_verification', challenge: 'c-1', token: 'x' })
  expect(await send(host.url, signed(APP, body))).toEqual([200, 'c-1'])
})

test.each([
  ['no signature', { 'x-slack-signature': undefined }],
  ['another secret', signed(OTHER_APP, event(UNINSTALLED)).headers],
  ['an empty signature', { 'x-slack-signature': 'v0=' }],
  ['a signature in upper case', { 'x-slack-signature': `v0=${'A'.repeat(64)}` }],
  ['no time', { 'x-slack-request-timestamp': undefined }],
  ['a fractional time', { 'x-slack-request-timestamp': '1700000000.5' }],
  ['a time that is no number', { 'x-slack-request-timestamp': 'NaN' }],
  [
    'another time than was signed',
    { 'x-slack-request-timestamp': String(Math.floor(Date.now() / 1_000) - 1) },
  ],
])(
  'a request with %s is 401, and nothing happens [slack/events/signature]',
  async (_case, changes) => {
    const host = await open()
    const { headers, ...rest } = signed(APP, event(UNINSTALLED))
    const entries = Object.entries({ ...headers, ...changes }).filter(
      ([, value]) => value !== undefined,
    )
    const [status, body] = await send(host.url, { ...rest, headers: entries as [string, string][] })
    expect([status, JSON.parse(body).error.code]).toEqual([401, 'slack_signature_invalid'])
    expect(host.installations.revocations).toEqual([])
    expect(await counted(host, 'refused')).toBe(true)
  },
)

test.each([
  [-301, 401],
  [-300, 200],
  [300, 200],
  [301, 401],
])(
  'a request that was signed %i s from now is %i [slack/events/signature]',
  async (seconds, status) => {
    const clock = new ManualClock()
    const host = await open({ clock })
    const init = signed(APP, event({ type: 'message' }), clock.nowMs() + seconds * 1_000)
    expect((await send(host.url, init))[0]).toBe(status)
  },
)

test('the bytes are judged, not what they mean: a space more is 401, and garbage that is signed is 400 [slack/events/signature]', async () => {
  const host = await open()
  const good = signed(APP, event(UNINSTALLED))
  expect((await send(host.url, { ...good, body: `${good.body} ` }))[0]).toBe(401)
  const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x22])
  const init = signed(APP, bytes.toString('latin1'))
  expect((await send(host.url, { ...init, body: bytes }))[0]).toBe(401)
  for (const body of ['{', '[]', 'null', '{"type":1}', '']) {
    expect((await send(host.url, signed(APP, body)))[0]).toBe(400)
  }
  expect(host.installations.revocations).toEqual([])
})

test('an unsigned request is refused without its body, a longer one than 64 KiB always [slack/events/signature]', async () => {
  const host = await open()
  const status = await new Promise<number | undefined>((resolve, reject) => {
    // The body never comes.
    const req = request(`${host.url}/slack/events`, {
      method: 'POST',
      headers: { 'content-length': 1_000 },
    })
    req.on('response', (res) => {
      resolve(res.statusCode)
      req.destroy()
    })
    req.on('error', reject)
    req.flushHeaders()
  })
  expect(status).toBe(401)
  const long = signed(
    APP,
    JSON.stringify({ type: 'event_callback', filler: 'x'.repeat(64 * 1024) }),
  )
  expect((await send(host.url, long))[0]).toBe(413)
})

test('a signed request counts once, at every process [slack/events/replay]', async () => {
  const [first, second] = [await open(), await open()]
  const init = signed(APP, event(UNINSTALLED))
  expect((await send(first.url, init))[0]).toBe(200)
  expect((await send(first.url, init))[0]).toBe(401)
  expect((await send(second.url, init))[0]).toBe(401)
  expect(first.installations.revocations).toHaveLength(1)
  expect(second.installations.revocations).toHaveLength(0)
})

test('a request that could not be dealt with may come again [slack/events/replay]', async () => {
  const host = await open()
  const init = signed(APP, event(UNINSTALLED))
  host.installations.failure = new AppError('store_unwritable', 'the disk is full')
  expect(await send(host.url, init)).toEqual([503, expect.not.stringContaining('disk')])
  expect(await counted(host, 'failed')).toBe(true)
  expect((await send(host.url, init))[0]).toBe(200)
  expect(host.installations.revocations).toHaveLength(1)
})

test('an event that Slack signs anew and delivers again is answered and does nothing [slack/events/repeat]', async () => {
  const clock = new ManualClock()
  const host = await open({ clock })
  const body = event(UNINSTALLED)
  for (const waitMs of [0, 60_000, 300_000, 3_600_000]) {
    clock.advance(waitMs)
    expect((await send(host.url, signed(APP, body, clock.nowMs())))[0]).toBe(200)
  }
  expect(host.installations.revocations).toHaveLength(1)
})

test('uninstalling and revoking reach the installation of that app and team, with their time [slack/events/uninstalled]', async () => {
  const installations = new RecordedInstallations()
  const host = await open({
    installations,
    apps: [appOf(APP), appOf(OTHER_APP, { name: 'acme' })],
  })
  const install = (app: string, user: string) =>
    installations.save({
      ...{ app, team: 'T1', teamName: 'One', enterprise: null, tenant: null, botUser: 'UB' },
      ...{ botScopes: [], user: { id: user, scopes: [] }, installedBy: user },
      ...{ bot: { token: appOf(APP).clientSecret, refresh: undefined, expiresAtMs: null } },
      userToken: undefined,
    })
  await install('default', 'U2')
  await install('acme', 'U1')
  const at = { event_time: 1_700_000_000 }
  const atMs = 1_700_000_000_999
  const tell = (what: object) => send(host.url, signed(OTHER_APP, event(what, at)), '?app=acme')
  await tell({ type: 'tokens_revoked', tokens: { oauth: ['U2', 'U1'], bot: [] } })
  await tell({ type: 'tokens_revoked', tokens: { oauth: ['U2'] } })
  await tell({ type: 'tokens_revoked', tokens: { bot: ['UB'] } })
  await tell(UNINSTALLED)
  expect(installations.revocations).toEqual([
    ['acme', 'T1', { what: 'user', atMs }],
    ['acme', 'T1', { what: 'bot', atMs }],
    ['acme', 'T1', { what: 'app', atMs }],
  ])
})

test('a request is believed only for the app that its address names [slack/events/signature]', async () => {
  const host = await open({ apps: [appOf(APP), appOf(OTHER_APP, { name: 'acme' })] })
  const tell = async (app: RigApp, query: string) =>
    (await send(host.url, signed(app, event({ type: 'message' })), query))[0]
  expect(await tell(OTHER_APP, '?app=acme')).toBe(200)
  expect(await tell(APP, '')).toBe(200)
  for (const query of ['', '?app=default', '?app=nobody', '?app=', '?app=acme&app=acme']) {
    expect(await tell(OTHER_APP, query)).toBe(401)
  }
  expect(await tell(APP, '?app=acme')).toBe(401)
})

test('without a signing secret there are no such addresses', async () => {
  const host = await open({ apps: [appOf(APP, { signingSecret: undefined })] })
  expect((await send(host.url, signed(APP, event(UNINSTALLED))))[1]).toBe('elsewhere')
})

test('a press is answered at once and handed on; what is no press is answered alone', async () => {
  const presses: unknown[] = []
  const host = await open({
    onPress: (press) => {
      presses.push({ ...press, app: press.app.name, requestId: '' })
      return Promise.resolve(true)
    },
  })
  const payload = {
    type: 'block_actions',
    team: { id: 'T1', domain: 'one' },
    user: { id: 'U1', username: 'ann', team_id: 'T2' },
    container: { type: 'message', message_ts: '1.2', channel_id: 'C1' },
    actions: [{ type: 'button', action_id: 'a', block_id: 'b', value: 'v' }],
  }
  const press = (body: unknown) => {
    const init = signed(APP, new URLSearchParams({ payload: JSON.stringify(body) }).toString())
    return fetch(`${host.url}/slack/interactions`, init)
  }
  const answer = await press(payload)
  expect([answer.status, await answer.text()]).toEqual([200, ''])
  expect(presses).toEqual([
    {
      ...{ app: 'default', team: 'T1', user: { id: 'U1', team: 'T2' }, requestId: '' },
      ...{ message: { channel: 'C1', ts: '1.2' }, action: 'a', value: 'v' },
    },
  ])
  expect((await press({ type: 'view_submission' })).status).toBe(200)
  expect((await fetch(`${host.url}/slack/interactions`, signed(APP, 'payload=%7B'))).status).toBe(
    400,
  )
  expect(presses).toHaveLength(1)
})
