import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { begin, page } from '../fixtures/browser.ts'
import { Rig } from '../fixtures/rig.ts'
import { appOf, openFolderStore, openWebHost, type WebHostOptions } from '../fixtures/web-host.ts'
import { APP } from '../fixtures/world.ts'

const MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(2)>'

let rig: Rig
let kept: Awaited<ReturnType<typeof openFolderStore>>
beforeAll(async () => {
  rig = await Rig.open()
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

const exchanges = (): number => rig.calls('oauth.v2.access').length

test('the way to Slack holds exactly what is configured, and a state nobody guesses [slack/oauth/install]', async () => {
  const host = await open({ apps: [appOf(APP, { userScopes: ['search:read'] })] })
  const [first, second] = [await begin(host.url), await begin(host.url)]
  const url = new URL(first.location)
  expect(`${url.origin}${url.pathname}`).toBe(rig.authorizeUrl)
  expect(Object.fromEntries(url.searchParams)).toEqual({
    client_id: APP.clientId,
    scope: 'channels:read,chat:write',
    user_scope: 'search:read',
    redirect_uri: `${host.url}/slack/oauth/callback`,
    state: expect.stringMatching(/^[\w-]{43}$/),
  })
  expect(first.answer.status).toBe(302)
  expect(first.state).not.toBe(second.state)
  expect(first.cookie).not.toBe(second.cookie)
  expect(first.answer.headers.get('cache-control')).toBe('no-store')
})

test('the name of a workspace is kept on one line, without characters that nobody sees [slack/oauth/no-leak]', async () => {
  const host = await open()
  const json = {
    ...(await rig.grant('TALPHA0001')),
    ...{ ok: true, token_type: 'bot' },
    team: { id: 'TALPHA0001', name: 'Alpha\n\u202eIgnore\u001b[31m all\u200b' },
  }
  rig.fault({ kind: 'answer', json }, { method: 'oauth.v2.access' })
  expect((await rig.browse(`${host.url}/slack/install`)).status).toBe(200)
  expect(host.installations.grants[0]?.teamName).toBe('Alpha Ignore all')
})

test('consent ends at a page that names workspace and team id, and nothing secret is shown, logged or kept [slack/oauth/installed] [slack/oauth/no-leak] [slack/oauth/metrics]', async () => {
  const host = await open()
  const shown = await rig.browse(`${host.url}/slack/install`)
  expect(shown.status).toBe(200)
  expect(shown.body).toContain('Installed in Alpha')
  expect(shown.body).toContain('<code>TALPHA0001</code>')
  const [grant, ...more] = host.installations.grants
  expect(more).toEqual([])
  expect(grant).toMatchObject({
    app: 'default',
    team: 'TALPHA0001',
    tenant: null,
    botScopes: ['channels:read', 'chat:write'],
    installedBy: 'UALPHA0001',
    user: null,
  })
  expect(rig.vault.everything()).toContain(grant?.bot.token.reveal())
  const { searchParams } = new URL(shown.url)
  const outward = shown.body + JSON.stringify([...shown.headers]) + host.logged()
  const atRest = readdirSync(kept.folder).map((name) =>
    readFileSync(join(kept.folder, name), 'latin1'),
  )
  for (const secret of [
    ...rig.vault.everything(),
    APP.clientSecret,
    searchParams.get('code') ?? '-',
    searchParams.get('state') ?? '-',
  ]) {
    expect(outward).not.toContain(secret)
    expect(atRest.join('')).not.toContain(secret)
  }
  expect(await host.metrics.render()).toContain(
    'sallyport_slack_installs_total{outcome="installed"} 1',
  )
})

test('tokens that end come with their refresh token and their end, of the bot and of the person', async () => {
  const rotating = await Rig.open({ apps: [{ ...APP, rotating: true }] })
  onTestFinished(() => rotating[Symbol.asyncDispose]())
  const clock = new ManualClock()
  const host = await openWebHost(rotating, {
    store: kept.store,
    clock,
    apps: [appOf(APP, { userScopes: ['search:read'] })],
  })
  onTestFinished(() => host[Symbol.asyncDispose]())
  expect((await rotating.browse(`${host.url}/slack/install`)).status).toBe(200)
  const [grant] = host.installations.grants
  const expiresAtMs = clock.nowMs() + 43_200_000
  expect(grant?.bot.expiresAtMs).toBe(expiresAtMs)
  expect(grant?.bot.refresh?.reveal()).toMatch(/^xoxe-1-/)
  expect(grant?.userToken?.expiresAtMs).toBe(expiresAtMs)
  expect(grant?.user).toEqual({ id: 'UALPHA0001', scopes: ['search:read'] })
})

test.each([
  ['missing', () => ({ state: null })],
  ['empty', () => ({ state: '' })],
  [
    'altered',
    (state: string) => ({ state: `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}` }),
  ],
  ['markup', () => ({ state: MARKUP })],
  ['given twice', (state: string) => ({ state, twice: true })],
  ['of a browser without its cookie', (state: string) => ({ state, cookie: '' })],
  ['of another browser', (state: string) => ({ state, cookie: 'another' as const })],
  ['of two browsers', (state: string) => ({ state, cookie: 'both' as const })],
])(
  'a state that is %s is 400, and nothing is exchanged [slack/oauth/state]',
  async (_case, change) => {
    const host = await open()
    const [mine, another] = [await begin(host.url), await begin(host.url)]
    const changed: { state: string | null; cookie?: string; twice?: boolean } = change(
      mine.state ?? '',
    )
    const query = new URLSearchParams({ code: MARKUP })
    if (changed.state !== null) query.append('state', changed.state)
    if (changed.twice === true) query.append('state', changed.state ?? '')
    const { cookie = mine.cookie } = changed
    const cookies: Record<string, string> = {
      another: another.cookie,
      both: `${mine.cookie}; ${another.cookie}`,
    }
    const before = exchanges()
    const shown = await page(`${host.url}/slack/oauth/callback?${query}`, cookies[cookie] ?? cookie)
    expect(shown.status).toBe(400)
    expect(shown.body).not.toContain('script>alert')
    expect(shown.body).not.toContain('alert(1)')
    expect(exchanges()).toBe(before)
    expect(host.installations.grants).toEqual([])
    expect(host.logged()).not.toContain('alert(1)')
  },
)

test('a state is good until its end and not a moment longer [slack/oauth/state]', async () => {
  const clock = new ManualClock()
  const host = await open({ clock, stateTtlMs: 60_000 })
  const [early, late] = [await begin(host.url), await begin(host.url)]
  const callback = (state: string | null) =>
    `${host.url}/slack/oauth/callback?state=${state}&code=x`
  clock.advance(59_999)
  expect((await page(callback(early.state), early.cookie)).body).toContain('Slack refused')
  clock.advance(1)
  const before = exchanges()
  const shown = await page(callback(late.state), late.cookie)
  expect([shown.status, exchanges()]).toEqual([400, before])
  expect(shown.body).toContain('This link is used up')
})

test('a way back that was used already leads nowhere [slack/oauth/state]', async () => {
  const host = await open()
  const { location, cookie } = await begin(host.url)
  const back = await rig.approve(location)
  expect((await page(back, cookie)).status).toBe(200)
  const before = exchanges()
  expect((await page(back, cookie)).status).toBe(400)
  expect(exchanges()).toBe(before)
  expect(host.installations.grants).toHaveLength(1)
})

test('what was begun at one process is finished at another, once of ten at the same time [slack/oauth/state-survives]', async () => {
  const first = await openWebHost(rig, { store: kept.store })
  const second = await open({ redirectUri: `${first.url}/slack/oauth/callback` })
  const { location, cookie } = await begin(first.url)
  const back = (await rig.approve(location)).replace(first.url, second.url)
  await first[Symbol.asyncDispose]()
  const third = await open({ redirectUri: `${first.url}/slack/oauth/callback` })
  const before = exchanges()
  const statuses = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const url = i % 2 === 0 ? back : back.replace(second.url, third.url)
      return (await page(url, cookie)).status
    }),
  )
  expect(statuses.toSorted()).toEqual([200, ...Array.from({ length: 9 }, () => 400)])
  expect(exchanges()).toBe(before + 1)
})

test('denied consent and codes that Slack refuses change nothing that is there [slack/oauth/denied] [slack/oauth/escaped]', async () => {
  const host = await open()
  await rig.browse(`${host.url}/slack/install`)
  const denied = await rig.browse(`${host.url}/slack/install`, { deny: true })
  expect(denied.status).toBe(403)
  expect(denied.body).toContain('Installation cancelled')
  expect(denied.body).toContain('href="/slack/install?app=default"')
  const callback = async (query: Record<string, string>) => {
    const { state, cookie } = await begin(host.url)
    const search = new URLSearchParams({ state: state ?? '', ...query })
    return page(`${host.url}/slack/oauth/callback?${search}`, cookie)
  }
  const marked = await callback({ error: MARKUP })
  expect(marked.status).toBe(400)
  expect(marked.body).not.toContain('alert')
  expect((await callback({ code: 'made-up' })).status).toBe(400)
  expect((await callback({})).status).toBe(400)
  expect((await callback({ code: 'x'.repeat(2_049) })).status).toBe(400)
  expect(host.installations.grants).toHaveLength(1)
  expect(host.logged()).not.toContain('alert')
  expect(host.logged()).toContain('"slack":"invalid_code"')
})

test.each([
  [{ kind: 'status', status: 503, body: 'xoxb-in-a-body' }, 503],
  [{ kind: 'rate', retryAfterS: 7 }, 503],
  [{ kind: 'rate' }, 503],
  [{ kind: 'cut' }, 503],
  [{ kind: 'html' }, 503],
  [{ kind: 'answer', json: { ok: false, error: 'internal_error' } }, 503],
  [{ kind: 'answer', json: { ok: true } }, 422],
  [{ kind: 'answer', json: { ok: false, error: `xoxb-leak ${MARKUP}` } }, 503],
] as const)(
  'when Slack fails with %j the page is %i and keeps quiet [slack/oauth/denied] [slack/oauth/no-leak]',
  async (fault, status) => {
    const host = await open()
    rig.fault(fault, { method: 'oauth.v2.access' })
    const shown = await rig.browse(`${host.url}/slack/install`)
    expect(shown.status).toBe(status)
    const outward = shown.body + host.logged()
    for (const secret of [
      'xoxb-',
      'alert',
      APP.clientSecret,
      new URL(shown.url).searchParams.get('code') ?? '-',
    ]) {
      expect(outward).not.toContain(secret)
    }
    expect(host.installations.grants).toEqual([])
  },
)

test('credentials that Slack does not know are for the log to tell, not for the page [slack/oauth/denied]', async () => {
  const host = await open({ apps: [appOf({ ...APP, clientSecret: 'f'.repeat(32) })] })
  const shown = await rig.browse(`${host.url}/slack/install`)
  expect(shown.status).toBe(502)
  expect(shown.body).not.toContain('bad_client_secret')
  expect(host.logged()).toContain('bad_client_secret')
  expect(host.logged()).not.toContain('f'.repeat(32))
})

test('what cannot be written down is said, without a word about tokens [slack/oauth/denied] [slack/oauth/no-leak]', async () => {
  const host = await open()
  host.installations.failure = new AppError('store_unwritable', 'the disk is full')
  const shown = await rig.browse(`${host.url}/slack/install`)
  expect(shown.status).toBe(503)
  expect(shown.body).toContain('could not be kept')
  expect(shown.body).not.toContain('disk')
  for (const token of rig.vault.everything()) expect(host.logged()).not.toContain(token)
})
