import type { ClientSession } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import {
  FakeViews,
  testPrincipal,
  testReply,
  testServer,
  testSession,
} from '../call/testing-call.ts'
import { testTaskIds } from '../questions/testing-questions.ts'
import { Broadcast } from './broadcast.ts'

const note = (method: string, params: string) =>
  testReply(`{"jsonrpc":"2.0","method":"${method}","params":${params}}`)
const OWN = note('notifications/acme', '{"n":1.0}')

/** What sessions hear that a server tells on the session of `key`. */
function told(
  message: ReturnType<typeof note>,
  sessions: readonly Partial<ClientSession>[],
  key = 'key:alice',
) {
  const heard: string[] = []
  const servers = [testServer('files'), testServer('other')]
  const broadcast = new Broadcast({
    sessions: {
      values: () =>
        sessions.map((changes, at) =>
          testSession('{}', {
            ...changes,
            send: (method, params) => heard.push(`${at} ${method} ${params}`) > 0,
          }),
        ),
    },
    views: new FakeViews({ servers }),
    taskIds: testTaskIds(),
    upstreams: {
      keyOf: (_server, { principal }) => principal.tenant ?? principal.id,
    },
  })
  broadcast.tell('files', key, message)
  return heard
}

test('what a server tells outside of calls reaches the sessions that see it, byte for byte [subscriptions/told]', () => {
  const sessions = [{}, { scope: 'files' }, { scope: 'other' }, { principal: testPrincipal('bob') }]
  expect(told(OWN, sessions)).toEqual([
    '0 notifications/acme {"n":1.0}',
    '1 notifications/acme {"n":1.0}',
  ])
})

test('a task is told of under the id that its owner knows, not the server’s own [tasks/ids]', () => {
  const status = note('notifications/tasks/status', '{"taskId":"t-1","status":"working"}')
  const shown = testTaskIds().show({ server: 'files', taskId: 't-1' }, testPrincipal().id)
  expect(told(status, [{}])).toEqual([
    `0 notifications/tasks/status {"taskId":"${shown}","status":"working"}`,
  ])
})

test('a session that several principals share tells nobody [subscriptions/told]', () => {
  const shared = ['alice', 'bob'].map((name) => ({
    principal: testPrincipal(name, { tenant: 't' }),
  }))
  expect(told(OWN, shared, 't')).toEqual([])
  expect(told(OWN, shared.slice(1), 't')).toHaveLength(1)
  expect(told(OWN, [])).toEqual([])
})

test('log messages come from the level that each session set [calls/logs]', () => {
  const log = (level: string) => note('notifications/message', `{"level":"${level}"}`)
  const sessions = [{ logLevel: 'error' }, { logLevel: 'debug' }, {}] as const
  const heardBy = (level: string) => told(log(level), sessions).map((line) => line[0])
  expect([heardBy('info'), heardBy('error')]).toEqual([
    ['1', '2'],
    ['0', '1', '2'],
  ])
})
