import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { Rig } from '@sallyport/slack/testing/rig'
import { expect, onTestFinished, test } from 'vitest'
import { SlackServer, structured } from '../fixtures/slack-server.ts'
import { startInstalled } from '../fixtures/slack-world.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf } from '../fixtures/wire.ts'

const WRITES = { SLACK_TOOLSETS: 'read,write', SLACK_WRITE_CHANNELS: '*' }
const POST = 'slack_post_message'
const HELLO = { channel_id: 'CALPHA0001', text: 'hello', idempotency_key: 'k-1' }

test('a post of a process that is killed while Slack works on it is not made again [slack/scenario-11] [slack/once/gone]', async () => {
  const { rig, server } = await startInstalled({
    ...WRITES,
    SALLYPORT_MASTER_KEY: 'ab'.repeat(32),
  })
  const alpha = server.as('alpha')
  const held = rig.fault({ kind: 'hold' }, { method: 'chat.postMessage' })
  const lost = callTool(alpha, POST, HELLO).catch(() => 'lost')
  await rig.seen('chat.postMessage')
  await server.stop('SIGKILL')
  expect(await lost).toBe('lost')
  held.release()
  await server.restart()
  const again = await callTool(alpha, POST, HELLO)
  expect(failureOf(again)).toMatchObject({ code: 'slack_outcome_unknown', outcome: 'unknown' })
  expect(rig.calls('chat.postMessage')).toHaveLength(1)
})

test.skipIf(!postgresAvailable())(
  'two processes on one PostgreSQL make one post for a key, whoever is asked [slack/scenario-11] [slack/once/repeat]',
  async () => {
    await using postgres = await startPostgres({ fsync: 'off' })
    await using rig = await Rig.open()
    const env = {
      ...WRITES,
      SALLYPORT_STORE: postgres.url,
      SALLYPORT_MASTER_KEY: 'ab'.repeat(32),
    }
    const servers: SlackServer[] = []
    for (let at = 0; at < 2; at += 1) {
      const server = await SlackServer.start(rig, env)
      onTestFinished(() => server[Symbol.asyncDispose]())
      servers.push(server)
    }
    await rig.browse(`${servers[0]?.url}/slack/install`)
    const targets = servers.map((server) => server.as('alpha'))
    for (const target of targets) {
      await waitUntil('the installation to be known', async () => {
        return failureOf(await callTool(target, 'slack_list_channels')) === undefined
      })
    }
    const held = rig.fault({ kind: 'hold' }, { method: 'chat.postMessage' })
    const calls = Array.from({ length: 10 }, (_, at) => callTool(targets[at % 2]!, POST, HELLO)) // one of two
    await rig.seen('chat.postMessage')
    held.release()
    const posted = (await Promise.all(calls)).map((answer) => structured(answer))
    expect(new Set(posted.map(({ ts }) => ts)).size).toBe(1)
    expect(posted.filter(({ replayed }) => replayed === true)).toHaveLength(9)
    expect(rig.calls('chat.postMessage')).toHaveLength(1)
  },
)
