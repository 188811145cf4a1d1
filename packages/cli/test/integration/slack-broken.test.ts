import { afterAll, beforeAll, expect, test } from 'vitest'
import { Rig } from '@sallyport/slack/testing/rig'
import { send } from '../fixtures/send.ts'
import { type Break, breakIn, BREAKS, type Deployment, healthy } from '../fixtures/slack-broken.ts'
import { SlackServer } from '../fixtures/slack-server.ts'
import type { SlackWorld } from '../fixtures/slack-world.ts'
import { callTool, failureOf, initialize, LegacySession } from '../fixtures/wire.ts'

const SESSION_MS = 1_000
const CALL_MS = 1_500

let world: SlackWorld
beforeAll(async () => {
  const rig = await Rig.open()
  const env = { SESSION_TTL_MS: String(SESSION_MS), SLACK_CALL_MS: String(CALL_MS) }
  world = { rig, server: await SlackServer.start(rig, env) }
  await install()
})
afterAll(async () => {
  await world.server[Symbol.asyncDispose]()
  await world.rig[Symbol.asyncDispose]()
})

async function install(): Promise<void> {
  for (const team of ['TALPHA0001', 'TBRAVO0001']) {
    await world.rig.browse(`${world.server.url}/slack/install`, { team })
  }
}

/** Looks whether a deployment keeps the promise that a way of breaking takes away. */
const LOOKS: Readonly<Record<Break, (at: Deployment) => Promise<boolean>>> = {
  'open-key': async ({ url }) => {
    return (await send(`${url}/mcp`, { body: initialize() })).status === 401
  },
  'wildcard-cors': async ({ url }) => {
    const headers = { origin: 'https://evil.test', authorization: bearer() }
    const answer = await send(`${url}/mcp`, { headers, body: initialize() })
    return answer.headers['access-control-allow-origin'] === undefined
  },
  'plain-tokens': async () => !holdsToken(await world.server.files()),
  'memory-store': async (at) => {
    await at.restart()
    return failureOf(await list(at))?.code !== 'slack_team_unknown'
  },
  'debug-logs': async (at) => {
    await list(at)
    return !holdsToken(at.output())
  },
  'no-state-check': async ({ url }) => {
    const asked = world.rig.calls('oauth.v2.access').length
    await send(`${url}/slack/oauth/callback?code=made-up&state=made-up`, { method: 'GET' })
    return world.rig.calls('oauth.v2.access').length === asked
  },
  'no-timeout': async (at) => {
    world.rig.fault({ kind: 'hang' }, { method: 'conversations.list' })
    const answer = list(at).then(
      (each) => failureOf(each) !== undefined,
      () => false,
    )
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, 2 * CALL_MS, false))
    return Promise.race([answer, late])
  },
  'no-pruning': async ({ url }) => {
    const target = { url: `${url}/mcp`, token: world.server.tokens.alpha }
    const session = await LegacySession.open(target)
    await new Promise((resolve) => setTimeout(resolve, SESSION_MS + 200)) // its whole life
    return (await session.request('tools/list')).status === 404
  },
  'leaking-errors': async (at) => {
    const [token] = world.rig.vault.live('TALPHA0001')
    const body = `Error: ${token?.token}\n    at upstream.ts:1:1`
    world.rig.fault(
      { kind: 'status', status: 500, body },
      { method: 'conversations.list', times: 2 },
    )
    const { text } = await list(at)
    return !holdsToken(text) && !/ at [\w.]+:\d+:\d+/.test(text)
  },
  'cross-team-read': async (at) =>
    failureOf(await list(at, { team_id: 'TBRAVO0001' }))?.code === 'slack_team_unknown',
}

function bearer(): string {
  return `Bearer ${world.server.tokens.alpha}`
}

function holdsToken(text: string): boolean {
  return world.rig.vault.everything().some((token) => text.includes(token))
}

function list({ url }: Deployment, args: object = {}) {
  const target = { url: `${url}/mcp`, token: world.server.tokens.alpha }
  return callTool(target, 'slack_list_channels', args)
}

test('a healthy deployment keeps all ten promises [slack/scenario-20]', async () => {
  const kept: Break[] = []
  for (const way of BREAKS) if (await LOOKS[way](healthy(world))) kept.push(way)
  expect(kept).toEqual(BREAKS)
})

test.each(BREAKS)('a copy with %s is found out by the look that is meant for it', async (way) => {
  await using copy = await breakIn(world, way)
  expect(await LOOKS[way](copy)).toBe(false)
  if (way === 'memory-store') await install()
})
