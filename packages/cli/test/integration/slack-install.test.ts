import { expect, test } from 'vitest'
import { APP, BOT_SCOPES } from '@sallyport/slack/testing/world'
import { structured } from '../fixtures/slack-server.ts'
import { expectNoSecret, startSlack as start } from '../fixtures/slack-world.ts'
import { callTool, failureOf } from '../fixtures/wire.ts'

function setCookie(headers: Headers): string {
  return headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ')
}

test('an installation asks for the configured scopes, ends on a page with the workspace, and tools work at once [slack/scenario-1]', async () => {
  const { rig, server } = await start({ LOG_LEVEL: 'debug' })
  const first = await fetch(`${server.url}/slack/install`, { redirect: 'manual' })
  const authorize = new URL(first.headers.get('location') ?? '')
  expect(`${authorize.origin}${authorize.pathname}`).toBe(rig.authorizeUrl)
  expect(authorize.searchParams.get('scope')?.split(',').toSorted()).toEqual(BOT_SCOPES.toSorted())
  expect(authorize.searchParams.get('redirect_uri')).toBe(`${server.url}/slack/oauth/callback`)
  expect(authorize.searchParams.get('state')?.length).toBeGreaterThanOrEqual(32)

  const page = await rig.browse(`${server.url}/slack/install`, { team: 'TALPHA0001' })
  expect([page.status, page.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/html'),
  ])
  expect(page.body).toContain('Alpha')
  expect(page.body).toContain('TALPHA0001')
  expect(page.headers.get('cache-control')).toContain('no-store')
  const listed = structured<{ channels: { name: string }[] }>(
    await callTool(server.as('free'), 'slack_list_channels'),
  )
  expect(listed.channels.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['general', 'random', 'incidents']),
  )
  const teams = await server.run(['slack', 'teams', '--json'])
  expect(teams.stdout).toContain('TALPHA0001')
  const code = new URL(page.url).searchParams.get('code') ?? 'none'
  const said = `${page.body}${JSON.stringify([...page.headers])}${server.output}${teams.stdout}`
  expectNoSecret({ rig, server }, said)
  expect(said).not.toContain(code)
})

test('a state that is missing, altered, used, expired or of another browser stops the callback before Slack is asked [slack/scenario-2]', async () => {
  const { rig, server } = await start({ SLACK_STATE_TTL_MS: '1500' })
  const begin = async (): Promise<{ back: URL; cookie: string }> => {
    const answer = await fetch(`${server.url}/slack/install`, { redirect: 'manual' })
    const back = await rig.approve(answer.headers.get('location') ?? '')
    return { back: new URL(back), cookie: setCookie(answer.headers) }
  }
  const visit = async (url: URL, cookie?: string): Promise<number> => {
    const shown = await fetch(url, cookie === undefined ? {} : { headers: { cookie } })
    expect(await shown.text()).not.toContain(url.searchParams.get('code'))
    return shown.status
  }
  const changed = (url: URL, change: (params: URLSearchParams) => void): URL => {
    const copy = new URL(url)
    change(copy.searchParams)
    return copy
  }
  const [one, other] = [await begin(), await begin()]
  const without = changed(one.back, (params) => params.delete('state'))
  const altered = changed(one.back, (params) => {
    const state = params.get('state') ?? ''
    params.set('state', `${state.slice(0, -2)}${state.endsWith('aa') ? 'bb' : 'aa'}`)
  })
  expect(await visit(without, one.cookie)).toBe(400)
  expect(await visit(altered, one.cookie)).toBe(400)
  expect(await visit(one.back, other.cookie)).toBe(400)
  expect(await visit(other.back)).toBe(400)
  const late = await begin()
  await new Promise((resolve) => setTimeout(resolve, 1_600)) // the life of a state
  expect(await visit(late.back, late.cookie)).toBe(400)
  expect(rig.calls('oauth.v2.access')).toEqual([])
  const good = await begin()
  expect(await visit(good.back, good.cookie)).toBe(200)
  expect(await visit(good.back, good.cookie)).toBe(400)
  expect(rig.calls('oauth.v2.access')).toHaveLength(1)
})

test('a refused or broken consent says so without markup, and an earlier installation stays as it was [slack/scenario-3]', async () => {
  const { rig, server } = await start()
  await rig.browse(`${server.url}/slack/install`)
  const denied = await rig.browse(`${server.url}/slack/install`, { deny: true })
  expect(denied.status).toBeGreaterThanOrEqual(400)
  expect(denied.status).toBeLessThan(500)

  const again = await fetch(`${server.url}/slack/install`, { redirect: 'manual' })
  const state = new URL(again.headers.get('location') ?? '').searchParams.get('state') ?? ''
  const markup = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>'
  const hostile = new URL(`${server.url}/slack/oauth/callback`)
  hostile.searchParams.set('error', markup)
  hostile.searchParams.set('state', state)
  const shown = await fetch(hostile, { headers: { cookie: setCookie(again.headers) } })
  expect(shown.status).toBeGreaterThanOrEqual(400)
  expect(await shown.text()).not.toMatch(/<script|<img|onerror/)
  expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'")

  rig.fault(
    { kind: 'answer', json: { ok: false, error: 'invalid_code' } },
    { method: 'oauth.v2.access' },
  )
  const broken = await rig.browse(`${server.url}/slack/install`)
  expect(broken.status).toBeGreaterThanOrEqual(400)
  structured(await callTool(server.as('free'), 'slack_list_channels'))
})

test('no token and no secret is in any file of the store, and another master key does not start [slack/scenario-4]', async () => {
  const { rig, server } = await start({}, { apps: [{ ...APP, rotating: true }] })
  await rig.browse(`${server.url}/slack/install`, { team: 'TALPHA0001' })
  await rig.browse(`${server.url}/slack/install`, { team: 'TBRAVO0001' })
  expectNoSecret({ rig, server }, await server.files())
  expect(await server.stop()).toBe(0)
  expectNoSecret({ rig, server }, await server.files())
  const wrong = Buffer.alloc(32, 7).toString('base64')
  const refused = await server.run(['slack'], { SALLYPORT_MASTER_KEY: wrong })
  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/master_?key/i)
  const rotated = await server.run(['secrets', 'rotate', '--slack'])
  expect(rotated.code).toBe(0)
  expectNoSecret({ rig, server }, await server.files())
  await server.restart()
  structured(await callTool(server.as('alpha'), 'slack_list_channels'))
  structured(await callTool(server.as('bravo'), 'slack_list_channels'))
})

test('fifty calls at once on an ended token lead to one refresh and all succeed [slack/scenario-5]', async () => {
  const { rig, server } = await start({}, { apps: [{ ...APP, rotating: true }] })
  await rig.browse(`${server.url}/slack/install`)
  rig.vault.expire('TALPHA0001')
  const calls = await Promise.all(
    Array.from({ length: 50 }, () => callTool(server.as('alpha'), 'slack_list_channels')),
  )
  for (const call of calls) structured(call)
  expect(rig.calls('oauth.v2.access#refresh')).toHaveLength(1)
  const [fresh] = rig.vault.live('TALPHA0001')
  expect(rig.calls('conversations.list').at(-1)?.token).toBe(fresh?.token)
})

test('a refresh that Slack refuses makes one workspace need a new installation, without a storm, and no other [slack/scenario-6]', async () => {
  const { rig, server } = await start({}, { apps: [{ ...APP, rotating: true }] })
  await rig.browse(`${server.url}/slack/install`, { team: 'TALPHA0001' })
  await rig.browse(`${server.url}/slack/install`, { team: 'TBRAVO0001' })
  rig.vault.expire('TALPHA0001')
  rig.vault.forgetRefresh('TALPHA0001')
  const calls = await Promise.all(
    Array.from({ length: 20 }, () => callTool(server.as('alpha'), 'slack_list_channels')),
  )
  expect(new Set(calls.map((call) => failureOf(call)?.code))).toEqual(new Set(['slack_reinstall']))
  expect(calls[0]?.text).toContain('TALPHA0001')
  expect(rig.calls('oauth.v2.access#refresh')).toHaveLength(1)
  structured(await callTool(server.as('bravo'), 'slack_list_channels'))
  await rig.browse(`${server.url}/slack/install`, { team: 'TALPHA0001' })
  structured(await callTool(server.as('alpha'), 'slack_list_channels'))
})
