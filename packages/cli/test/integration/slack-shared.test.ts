import { randomBytes } from 'node:crypto'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { Rig } from '@sallyport/slack/testing/rig'
import { APP } from '@sallyport/slack/testing/world'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SlackServer, structured } from '../fixtures/slack-server.ts'
import { expectNoSecret } from '../fixtures/slack-world.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf } from '../fixtures/wire.ts'

const A = 'TALPHA0001'

describe.skipIf(!postgresAvailable())('two Slack servers on one PostgreSQL', () => {
  test('what is installed at one works at the other within a second, and 50 calls at both on an ended token refresh it once [slack/installations/live] [slack/refresh/once] [slack/scenario-5]', async () => {
    const postgres = await startPostgres({ fsync: 'off' })
    onTestFinished(() => postgres[Symbol.asyncDispose]())
    const rig = await Rig.open({ apps: [{ ...APP, rotating: true }] })
    onTestFinished(() => rig[Symbol.asyncDispose]())
    const shared = {
      SALLYPORT_STORE: postgres.url,
      SALLYPORT_MASTER_KEY: randomBytes(32).toString('hex'),
    }
    const servers = await Promise.all([
      SlackServer.start(rig, shared),
      SlackServer.start(rig, shared),
    ])
    for (const server of servers) onTestFinished(() => server[Symbol.asyncDispose]())
    const [one, two] = servers
    await rig.browse(`${one.url}/slack/install`, { team: A })
    await rig.browse(`${two.url}/slack/install`, { team: 'TBRAVO0001' })
    const list = (server: SlackServer) => callTool(server.as('alpha'), 'slack_list_channels')
    const startedMs = performance.now()
    await waitUntil('the other to know', async () => failureOf(await list(two)) === undefined)
    expect(performance.now() - startedMs).toBeLessThan(3_000)

    rig.vault.expire(A)
    const calls = Array.from({ length: 50 }, (_, i) => list(i % 2 ? one : two))
    for (const call of await Promise.all(calls)) structured(call)
    expect(rig.calls('oauth.v2.access#refresh')).toHaveLength(1)
    const [fresh] = rig.vault.live(A)
    const used = rig.calls('conversations.list', A).filter(({ error }) => error === null)
    expect(used.slice(-40).every(({ token }) => token === fresh?.token)).toBe(true)

    rig.vault.expire(A)
    rig.vault.forgetRefresh(A)
    for (const call of await Promise.all(servers.map(list))) {
      expect(failureOf(call)).toMatchObject({ code: 'slack_reinstall', retryable: false })
    }
    expect(rig.calls('oauth.v2.access#refresh')).toHaveLength(2)
    structured(await callTool(one.as('bravo'), 'slack_list_channels'))
    expectNoSecret({ rig, server: one }, one.output + two.output)
  })
})
