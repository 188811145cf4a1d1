import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { begin, page } from '../fixtures/browser.ts'
import { Rig } from '../fixtures/rig.ts'
import { appOf, openFolderStore, openWebHost, type WebHostOptions } from '../fixtures/web-host.ts'
import { APP, type RigApp } from '../fixtures/world.ts'

const OTHER_APP: RigApp = {
  ...APP,
  name: 'acme',
  appId: 'A0ACME',
  clientId: '3141592653.5897932384',
  clientSecret: '5b1c9e0f7d3a2846b0e1f9c8d7a65432',
  signingSecret: '0d9c8b7a6f5e4d3c2b1a09f8e7d6c5b4',
}
const MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(2)>'

let rig: Rig
let kept: Awaited<ReturnType<typeof openFolderStore>>
beforeAll(async () => {
  rig = await Rig.open({ apps: [APP, OTHER_APP] })
  kept = await openFolderStore()
})
afterAll(async () => {
  await kept[Symbol.asyncDispose]()
  await rig[Symbol.asyncDispose]()
})

async function open(options: Partial<WebHostOptions> = {}) {
  const host = await openWebHost(rig, { store: kept.store, ...options })
  onTestFinished(() => host[Symbol.asyncDispose]())
  return host
}

const ANSWER = {
  ok: true,
  access_token: 'xoxb-1-1',
  token_type: 'bot',
  scope: 'chat:write',
  bot_user_id: 'U1',
  app_id: 'A1',
  team: { id: 'T1', name: `${MARKUP} \u202Eevil\u0007` },
  enterprise: null,
  is_enterprise_install: false,
  authed_user: { id: 'U2' },
}

test('a workspace named in markup is shown as plain text, under a policy without scripts [slack/oauth/escaped]', async () => {
  const host = await open()
  rig.fault({ kind: 'answer', json: ANSWER }, { method: 'oauth.v2.access' })
  const shown = await rig.browse(`${host.url}/slack/install`)
  expect(shown.status).toBe(200)
  expect(shown.body).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;')
  for (const raw of ['<script', '<img', '\u202E', '\u0007']) expect(shown.body).not.toContain(raw)
  expect(Object.fromEntries(shown.headers)).toMatchObject({
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    ),
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-type': 'text/html; charset=utf-8',
  })
})

test.each([null, { id: 'T1', name: 'One' }])(
  'a whole organisation is not installed, with the team %j [slack/oauth/organisation]',
  async (team) => {
    const host = await open()
    const json = { ...ANSWER, team, enterprise: { id: 'E1' }, is_enterprise_install: true }
    rig.fault({ kind: 'answer', json }, { method: 'oauth.v2.access' })
    const shown = await rig.browse(`${host.url}/slack/install`)
    expect(shown.status).toBe(422)
    expect(shown.body).toContain('whole organisation')
    expect(host.installations.grants).toEqual([])
  },
)

test('on loopback over http the cookie works without TLS, and is out of the reach of scripts [slack/oauth/cookie]', async () => {
  const host = await open()
  const { setCookie } = await begin(host.url)
  expect(setCookie).toMatch(
    /^sallyport-slack=[\w-]{43}; Max-Age=600; Path=\/slack; HttpOnly; SameSite=Lax$/,
  )
})

test('over https the cookie is of that host alone; an existing one stays for a second tab [slack/oauth/cookie]', async () => {
  const host = await open({ redirectUri: 'https://slack.example.com/slack/oauth/callback' })
  const first = await begin(host.url)
  expect(first.setCookie).toMatch(
    /^__Host-sallyport-slack=[\w-]{43}; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
  )
  const second = await begin(host.url, { cookie: `x=1; ${first.cookie}; y=2` })
  expect(second.cookie).toBe(first.cookie)
  const forged = await begin(host.url, { cookie: '__Host-sallyport-slack=short' })
  expect(forged.cookie).not.toContain('short')
})

test('whoever comes as localhost goes on under the name that Slack sends back to [slack/oauth/same-host]', async () => {
  const host = await open()
  const asLocalhost = await fetch(
    `${host.url.replace('127.0.0.1', 'localhost')}/slack/install?app=default`,
    {
      redirect: 'manual',
    },
  )
  expect(asLocalhost.headers.get('location')).toBe(`${host.url}/slack/install?app=default`)
  expect(asLocalhost.headers.getSetCookie()).toEqual([])
  const far = await open({ redirectUri: 'https://slack.example.com/slack/oauth/callback' })
  expect((await begin(far.url)).location).toContain(rig.authorizeUrl)
})

test('each app is installed by its name with its own credentials, for its tenant [slack/oauth/apps]', async () => {
  const host = await open({
    apps: [appOf(APP), appOf(OTHER_APP, { name: 'acme', tenant: 'acme', scopes: ['team:read'] })],
  })
  const shown = await rig.browse(`${host.url}/slack/install?app=acme`)
  expect(shown.status).toBe(200)
  expect(host.installations.grants[0]).toMatchObject({
    app: 'acme',
    tenant: 'acme',
    botScopes: ['team:read'],
  })
  expect(rig.calls('oauth.v2.access').at(-1)?.args.client_id).toBe(OTHER_APP.clientId)
  for (const query of [
    'app=nobody',
    'app=',
    'app=acme&app=acme',
    `app=${encodeURIComponent(MARKUP)}`,
  ]) {
    const refused = await page(`${host.url}/slack/install?${query}`)
    expect(refused.status).toBe(404)
    expect(refused.body).not.toMatch(/acme|alert/)
  }
  const none = await open({ apps: [appOf(APP, { name: 'a' }), appOf(OTHER_APP, { name: 'b' })] })
  expect((await page(`${none.url}/slack/install`)).status).toBe(404)
})

test('too many requests of one address are 429 with a time to wait [slack/oauth/rate]', async () => {
  const host = await open({ clock: new ManualClock() })
  const answers = await Promise.all(
    Array.from({ length: 31 }, () => page(`${host.url}/slack/oauth/callback`)),
  )
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused).toHaveLength(1)
  expect(refused[0]?.headers.get('retry-after')).toBe('1')
  expect(refused[0]?.body).toContain('Too many requests')
})

test('only GET is taken, and other paths are left to others', async () => {
  const host = await open()
  for (const method of ['POST', 'HEAD', 'DELETE']) {
    const answer = await fetch(`${host.url}/slack/install`, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET'])
  }
  for (const path of ['/slack', '/slack/install/', '/slack/oauth', '/__proto__', '/constructor']) {
    expect((await page(`${host.url}${path}`)).body).toBe('elsewhere')
  }
})

test('begun installations are bounded: beyond it the page asks to wait', async () => {
  const host = await open({
    states: {
      ...kept.store.installStates,
      add: () => Promise.reject(new AppError('overloaded', 'too many', { retryAfterMs: 1_000 })),
      take: () => Promise.resolve(undefined),
    },
  })
  const shown = await page(`${host.url}/slack/install`)
  expect([shown.status, shown.headers.get('retry-after')]).toEqual([503, '1'])
  expect(shown.headers.getSetCookie()).toEqual([])
})
