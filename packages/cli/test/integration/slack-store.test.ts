import { expect, test } from 'vitest'
import { structured } from '../fixtures/slack-server.ts'
import { expectNoSecret, startInstalled } from '../fixtures/slack-world.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf } from '../fixtures/wire.ts'

interface Teams {
  readonly items: readonly { readonly team: string; readonly installedBy: string }[]
}

test('an installation is removed beside the server that runs, a person is erased, and keys are rotated once it stands [slack/installations/removed] [slack/installations/erased] [slack/installations/sealed]', async () => {
  const { rig, server } = await startInstalled()
  const teams = async (): Promise<Teams['items']> => {
    const { stdout } = await server.run(['slack', 'teams', '--json'])
    return (JSON.parse(stdout) as Teams).items // as documented
  }
  const removed = await server.run(['slack', 'remove', 'TALPHA0001', '--json'])
  expect(JSON.parse(removed.stdout)).toEqual({ team: 'TALPHA0001', app: 'default' })
  const asked = rig.calls().length
  await waitUntil('the server to know', async () => {
    const answer = await callTool(server.as('alpha'), 'slack_list_channels')
    return failureOf(answer)?.code === 'slack_team_unknown'
  })
  const again = await callTool(server.as('alpha'), 'slack_list_channels')
  expect(failureOf(again)?.code).toBe('slack_team_unknown')
  expect(rig.calls().length - asked).toBeLessThan(20)
  structured(await callTool(server.as('bravo'), 'slack_list_channels'))
  expect(await teams()).toMatchObject([{ team: 'TBRAVO0001', installedBy: 'UBRAVO0001' }])
  expect((await server.run(['slack', 'remove', 'TALPHA0001'])).code).toBe(1)

  const person = ['erase', '--slack', '--json', '--subject', 'UBRAVO0001']
  const planned = JSON.parse((await server.run([...person, '--plan'])).stdout) as object
  expect(planned).toMatchObject({
    planned: true,
    principals: [{ id: 'installer:slack:UBRAVO0001' }],
  })
  expect((await teams())[0]?.installedBy).toBe('UBRAVO0001')
  expect((await server.run(person)).code).toBe(0)
  expect((await teams())[0]?.installedBy).toBe('')
  structured(await callTool(server.as('bravo'), 'slack_list_channels'))
  expect((await server.run(person)).code).toBe(1)

  const rotate = ['secrets', 'rotate', '--slack', '--json']
  const refused = await server.run(rotate)
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('store_locked')])
  expect(await server.stop()).toBe(0)
  const rotated = JSON.parse((await server.run(rotate)).stdout) as { rows: object[] }
  expect(rotated.rows).toContainEqual(
    expect.objectContaining({ table: 'installations', resealed: 1, unreadable: 0 }),
  )
  await server.restart()
  structured(await callTool(server.as('bravo'), 'slack_list_channels'))
  expectNoSecret({ rig, server }, await server.files())
})
