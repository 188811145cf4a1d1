import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { Rig } from '@sallyport/slack/testing/rig'
import { freePort } from '../fixtures/free-port.ts'
import { type GatewayOptions, TestGateway } from '../fixtures/gateway.ts'
import { isRunning, kill, processesWith } from '../fixtures/processes.ts'
import { send } from '../fixtures/send.ts'
import { Supervised } from '../fixtures/supervised.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, listToolNames, textOf } from '../fixtures/wire.ts'

/** Five processes start one after the other. */
const TEST_MS = 90_000
const EXAMPLE = new URL('../../../../examples/17-slack/sallyport.yaml', import.meta.url)
const MASTER_KEY = 'cd'.repeat(32)

/** On a free port, under the name that browsers have for it. */
async function startBehind(rig: Rig, more: object = {}): Promise<TestGateway> {
  const port = await freePort()
  const own = { listen: `127.0.0.1:${port}`, publicUrl: `http://localhost:${port}` }
  return TestGateway.start(optionsOf(rig, { ...own, ...more }))
}

/** The example as it stands, but for ports, the store's place and a token for the test. */
async function startExample(rig: Rig): Promise<TestGateway> {
  const {
    listen: _port,
    admin: _other,
    store: _place,
    ...config
  } = parse(await readFile(EXAMPLE, 'utf8')) as Record<string, unknown> // our own file
  const port = await freePort()
  return TestGateway.start({
    config: { ...config, listen: `127.0.0.1:${port}` },
    env: { ...rig.env, PUBLIC_URL: `http://localhost:${port}` },
  })
}

function optionsOf(rig: Rig, more: object, callback: object = {}): GatewayOptions {
  const { SLACK_SCOPES: scopes = '', ...env } = rig.env
  return {
    config: {
      slack: {
        ...callback,
        clientId: env['SLACK_CLIENT_ID'],
        clientSecret: '${env:TEST_SLACK_SECRET}',
        signingSecret: env['SLACK_SIGNING_SECRET'],
        scopes: scopes.split(','),
        apiUrl: env['SLACK_API_URL'],
        authorizeUrl: env['SLACK_AUTHORIZE_URL'],
      },
      ...more,
    },
    env: { TEST_SLACK_SECRET: env['SLACK_CLIENT_SECRET'] ?? '' },
  }
}

/** Under the name of the redirect address, so that the browser's cookie fits. */
function pageOf(gateway: TestGateway): string {
  return `${gateway.data.replace('127.0.0.1', 'localhost')}/slack/install`
}

async function childOf(gateway: TestGateway): Promise<number> {
  return waitUntil('the Slack server', async () => {
    const all = await processesWith(`HOME=${gateway.dir}`)
    return all.find(({ command }) => command.includes('slack --json --child'))?.pid
  })
}

async function list(gateway: TestGateway, token = gateway.token): Promise<string> {
  return textOf(await callTool({ url: gateway.url, token }, 'slack__slack_list_channels', {}))
}

/** A key that sees the Slack server alone, and of it what changes nothing. */
async function scopedKey(gateway: TestGateway): Promise<string> {
  const args = ['keys', 'create', 'bot', '--servers', 'slack', '--read-only']
  return (await gateway.json<{ key: string }>(args)).key
}

async function installAndList(rig: Rig, gateway: TestGateway, key: string): Promise<void> {
  const page = await rig.browse(pageOf(gateway))
  expect(page.status, page.body).toBe(200)
  expect(page.body).toContain('TALPHA0001')
  await waitUntil('the tools', async () => {
    const names = await listToolNames({ url: gateway.url, token: key })
    return names.includes('slack__slack_list_channels')
  })
  expect(await list(gateway, key)).toContain('general')
}

test(
  'behind the gateway the Slack server is installed over the data listener and read with a scoped key, through kill -9 of either [slack/behind/supervised] [slack/behind/install]',
  async () => {
    await using rig = await Rig.open()
    await using gateway = await startExample(rig)
    await installAndList(rig, gateway, await scopedKey(gateway))
    const teams = await gateway.json<{ items: { team: string }[] }>(['slack', 'teams'])
    expect(teams.items.map(({ team }) => team)).toEqual(['TALPHA0001'])

    const before = await childOf(gateway)
    kill(before)
    await waitUntil('another child', async () => {
      const answer = await fetch(pageOf(gateway), { redirect: 'manual' })
      return answer.status === 302 && (await childOf(gateway)) !== before
    })
    expect(await list(gateway)).toContain('general')
    const child = await childOf(gateway)
    await gateway.kill9()
    await waitUntil('the end of the child', async () => !(await isRunning(child)))
    expect(await processesWith(`HOME=${gateway.dir}`)).toEqual([])
    await gateway.restart()
    expect(await list(gateway)).toContain('general')
    expect(await gateway.stop()).toBe(0)
    expect(await processesWith(`HOME=${gateway.dir}`)).toEqual([])
    for (const secret of [...rig.vault.everything(), rig.env['SLACK_CLIENT_SECRET'] ?? '']) {
      expect(gateway.logs).not.toContain(secret)
    }
  },
  TEST_MS,
)

test.runIf(postgresAvailable())(
  'gateway and Slack server share one PostgreSQL, and are used with a scoped key [slack/behind/stores]',
  async () => {
    await using postgres = await startPostgres()
    await using rig = await Rig.open()
    const store = { store: postgres.url, masterKey: MASTER_KEY }
    await using gateway = await startBehind(rig, store)
    await installAndList(rig, gateway, await scopedKey(gateway))
    expect(await gateway.json(['audit', 'verify'])).toMatchObject({ ok: true })
  },
  TEST_MS,
)

test('a gateway that takes over takes the Slack server along: no call fails, and one server is left [slack/behind/handover]', async () => {
  await using rig = await Rig.open()
  const callback = { redirectUri: 'http://localhost:1/slack/oauth/callback' }
  await using supervised = await Supervised.start(optionsOf(rig, {}, callback))
  const { target, current } = supervised
  // No connection stays open, which the gateway before would wait for.
  const agent = new Agent({ keepAlive: false })
  const open = (path: string, headers = {}) =>
    send(`${current.data}${path}`, { method: 'GET', agent, headers })
  const { headers } = await open('/slack/install')
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  const back = new URL(await rig.approve(headers.location ?? ''))
  expect((await open(back.pathname + back.search, { cookie })).status).toBe(200)
  // Nothing of Slack, whose limits it would soon meet.
  const call = () => callTool(target, 'slack__slack_list_workspaces', {}, { agent })
  await waitUntil('the tools', async () => textOf(await call()).includes('TALPHA0001'))

  let isOver = false
  const failures: unknown[] = []
  const calling = (async () => {
    while (!isOver) {
      const answer = await call()
      if (!textOf(answer).includes('TALPHA0001')) failures.push(failureOf(answer) ?? answer.text)
    }
  })()
  const before = current.pid
  expect((await supervised.handOver()).pid).not.toBe(before)
  await waitUntil('the end of the one before', async () => !(await isRunning(before)), 30_000)
  expect(textOf(await call())).toContain('TALPHA0001')
  isOver = true
  await calling
  expect(failures).toEqual([])
  const all = await processesWith(`HOME=${supervised.dir}`)
  const children = all.filter(({ command }) => command.includes('slack --json --child'))
  expect(children).toHaveLength(1)
  expect(await supervised.stop()).toBe(0)
}, 90_000)
