import { sessionList, suspensionList } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { startApiGateway } from '../fixtures/api-gateway.ts'
import { operate } from '../fixtures/operator.ts'
import { callTool } from '../fixtures/wire.ts'

test('sessions are listed, suspended, resumed and ended by commands, and principals kept out [sessions/list] [sessions/suspend]', async () => {
  const { gateway } = await startApiGateway()
  await using _ = gateway
  const listed = await operate(gateway, 'sessions', 'list', '--json')
  const [session] = sessionList.parse(JSON.parse(listed.printed)).items
  const id = session?.id ?? ''
  expect(session).toMatchObject({ principal: 'token:test', client: { name: 'inspector' } })

  const suspended = await operate(gateway, 'sessions', 'suspend', id, '--reason', 'loops')
  expect(suspended).toMatchObject({ code: 0, printed: `suspended ${id}` })
  expect((await operate(gateway, 'sessions')).printed).toMatch(
    new RegExp(`^${id} +token:test +inspector 1\\.4\\.0 .* session by local: loops$`, 'm'),
  )
  expect((await operate(gateway, 'sessions', 'resume', id)).printed).toBe(`resumed ${id}`)
  expect((await operate(gateway, 'sessions', 'end', id)).printed).toBe(`ended ${id}`)
  expect((await operate(gateway, 'sessions', 'resume', id)).code).toBe(1)
  expect((await operate(gateway, 'sessions')).noted).toMatch(/^no client has/)

  await operate(gateway, 'principals', 'suspend', 'token:test')
  expect((await callTool(gateway, 'files__wait', { ms: 1 })).status).toBe(403)
  const { printed } = await operate(gateway, 'principals', 'list', '--json')
  expect(suspensionList.parse(JSON.parse(printed)).items).toMatchObject([
    { kind: 'principal', subject: 'token:test', by: 'local', reason: '' },
  ])
  const back = await operate(gateway, 'principals', 'resume', 'token:test', '--json')
  expect(JSON.parse(back.printed)).toEqual({ resumed: 'token:test', changed: true })
  expect((await operate(gateway, 'principals', 'resume', 'token:test')).printed).toBe(
    'token:test was not suspended',
  )
  expect((await operate(gateway, 'principals', 'list')).noted).toBe('nobody is suspended')
  expect((await callTool(gateway, 'files__wait', { ms: 1 })).status).toBe(200)

  const wrong = await operate(gateway, 'principals', 'suspend', 'token:tset')
  expect(wrong).toMatchObject({ code: 1 })
  expect(wrong.noted).toMatch(/no valid key or token has a principal of that id/)
  expect((await operate(gateway, 'sessions', 'suspend', id, '--reason', 'a\nb')).code).toBe(2)
})
