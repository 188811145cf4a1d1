import { join } from 'node:path'
import { ANSWERS, type SlackTeam, type SlackView } from '@sallyport/checklist'
import { deploymentOf, look, Place } from '@sallyport/checklist/testing/deployment'
import { Secret } from '@sallyport/kit/secret'
import { Rig } from '@sallyport/slack/testing/rig'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Break, breakIn, BREAKS, type Deployment, healthy } from '../fixtures/slack-broken.ts'
import { SlackServer } from '../fixtures/slack-server.ts'
import type { SlackWorld } from '../fixtures/slack-world.ts'

const CALL_MS = 1_500
const IDS = [...ANSWERS.keys()].filter((id) => id.startsWith('slack/') && id !== 'slack/post')

let world: SlackWorld
beforeAll(async () => {
  const rig = await Rig.open()
  world = { rig, server: await SlackServer.start(rig, { SLACK_CALL_MS: String(CALL_MS) }) }
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

async function teams(): Promise<readonly SlackTeam[]> {
  const { stdout } = await world.server.run(['slack', 'teams', '--json'])
  const { items } = JSON.parse(stdout) as { items: (SlackTeam & { expiresAt: string | null })[] } // as the command prints it
  return items.map((item) => ({
    ...item,
    expiresAtMs: item.expiresAt === null ? null : Date.parse(item.expiresAt),
  }))
}

/** What the caller of the workspace alpha looks at. */
function viewOf({ url }: Deployment, change: Partial<SlackView> = {}): SlackView {
  let known: Promise<readonly SlackTeam[]> | undefined
  return {
    mcpUrl: `${url}/mcp`,
    webUrl: url,
    publicUrl: world.server.url,
    redirectUri: `${world.server.url}/slack/oauth/callback`,
    logLevel: 'info',
    scopes: ['channels:read', 'channels:history'],
    toolsets: ['read'],
    origins: [],
    callMs: CALL_MS,
    store: `sqlite:${join(world.server.dir, 'slack.db')}`,
    boundTeams: ['TALPHA0001'],
    teams: () => (known ??= teams()),
    token: async () => new Secret(world.server.tokens.alpha),
    ...change,
  }
}

/** Ids of the answers that fail, in the order of the table. */
async function failing(at: Deployment, change: Partial<SlackView> = {}): Promise<string[]> {
  await using place = await Place.make({ 'slack.txt': at.output() })
  const source = { checklist: { logs: ['slack.txt'] } }
  const deployment = deploymentOf(place.folder, source, { slack: viewOf(at, change) })
  const failed: string[] = []
  for (const id of IDS) {
    const answer = ANSWERS.get(id)
    if (answer?.kind !== 'probe') throw new Error(`${id} is no probe`)
    const { state } = await look(answer, deployment)
    if (state === 'failed') failed.push(id)
  }
  return failed
}

test('a healthy Slack server fails nothing, and its tokens, pages and calls are proved [check/slack/configured] [check/slack/running] [check/slack/install-page] [check/slack/call] [check/slack/https]', async () => {
  const deployment = deploymentOf(world.server.dir, {}, { slack: viewOf(healthy(world)) })
  const states: Record<string, string> = {}
  for (const id of IDS) {
    const answer = ANSWERS.get(id)
    if (answer?.kind === 'probe') states[id] = (await look(answer, deployment)).state
  }
  const others = Object.entries(states).filter(([, state]) => state !== 'proved')
  // Its log is not named, and the app of the rig does not rotate.
  expect(others).toEqual([
    ['slack/rotation', 'unproved'],
    ['slack/refresh', 'not_applicable'],
    ['slack/debug', 'unproved'],
  ])
})

/** What each way of breaking a copy undoes. */
const UNDONE: Readonly<Record<Break, readonly string[]>> = {
  'open-key': ['slack/key'],
  'wildcard-cors': ['slack/cors'],
  'plain-tokens': ['slack/encrypted'],
  'memory-store': ['slack/call', 'slack/storage'],
  'debug-logs': ['slack/debug'],
  'no-state-check': ['slack/state'],
  'no-timeout': ['slack/timeouts'],
  'no-pruning': ['slack/sessions'],
  'leaking-errors': ['slack/errors'],
  'cross-team-read': ['slack/isolation'],
}

test.each(BREAKS)(
  'the copy with %s fails in that and in nothing else [check/slack/key] [check/slack/cors] [check/slack/encrypted] [check/slack/storage] [check/slack/debug] [check/slack/state] [check/slack/timeouts] [check/slack/sessions] [check/slack/errors] [check/slack/isolation]',
  async (way) => {
    await using copy = await breakIn(world, way)
    if (way === 'memory-store') await copy.restart()
    if (way === 'no-timeout') world.rig.fault({ kind: 'hang' }, { method: 'conversations.list' })
    expect(await failing(copy)).toEqual(UNDONE[way])
    if (way === 'memory-store') await install()
  },
  60_000,
)

const WRONG: readonly (readonly [string, readonly string[], () => Partial<SlackView>])[] = [
  ['scopes that nobody asks for', ['slack/scopes'], () => ({ scopes: ['emoji:read'] })],
  [
    'a redirect address in the clear',
    ['slack/redirect'],
    () => {
      return {
        redirectUri: 'http://mcp.example.com/slack/oauth/callback',
        publicUrl: 'https://mcp.example.com',
      }
    },
  ],
  [
    'a public address in the clear',
    ['slack/redirect', 'slack/https'],
    () => ({ publicUrl: 'http://mcp.example.com' }),
  ],
  [
    'a token that is bound to a workspace without the app',
    ['slack/teams'],
    () => {
      return { boundTeams: ['TALPHA0001', 'TCHARLIE01'] }
    },
  ],
  [
    'a token of Slack that ran out',
    ['slack/refresh'],
    () => {
      const late = {
        team: 'TALPHA0001',
        app: 'default',
        state: 'active',
        scopes: ['channels:read', 'channels:history'],
        expiresAtMs: 1,
      } as const
      return { teams: async () => [late] }
    },
  ],
  ['debug as the log level', ['slack/debug'], () => ({ logLevel: 'debug' })],
]

test.each(WRONG)(
  '%s: %o fails [check/slack/scopes] [check/slack/redirect] [check/slack/teams] [check/slack/refresh]',
  async (_case, wanted, change) => {
    const failed = await failing(healthy(world), change())
    // Both are asked by the name that the view has, which this server does not know.
    expect(failed.filter((id) => !['slack/install-page', 'slack/state'].includes(id))).toEqual(
      wanted,
    )
  },
  60_000,
)

test('tokens that never end leave rotation unproved, and rotated ones prove it [check/slack/rotation]', async () => {
  const rotation = ANSWERS.get('slack/rotation')
  if (rotation?.kind !== 'probe') throw new Error('it is a probe')
  const stateWith = async (expiresAtMs: number | null) => {
    const one: SlackTeam = { team: 'T1', app: 'default', state: 'active', scopes: [], expiresAtMs }
    const slack = viewOf(healthy(world), { teams: async () => [one] })
    return (await look(rotation, deploymentOf('/nowhere', {}, { slack }))).state
  }
  expect([await stateWith(null), await stateWith(Date.now())]).toEqual(['unproved', 'proved'])
})

test('without a Slack server none of it applies, and with wrong settings nothing is proved', async () => {
  for (const id of IDS) {
    const answer = ANSWERS.get(id)
    if (answer?.kind !== 'probe') throw new Error(`${id} is no probe`)
    expect(answer.exempt?.(deploymentOf('/nowhere'))).toMatch(/no Slack server/)
    const slack = { unreadable: 'its settings are wrong' }
    expect((await look(answer, deploymentOf('/nowhere', {}, { slack }))).state).toBe('unproved')
  }
})
