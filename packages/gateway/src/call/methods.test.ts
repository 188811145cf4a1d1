import { expect, test } from 'vitest'
import { handlesMethod, isExtension, isNamed, listOf } from './methods.ts'
import { FakeViews, testServer } from './testing-call.ts'

const ONE = new FakeViews().get('files')
const MANY = new FakeViews({ servers: [testServer('files'), testServer('other')] }).get('')

test.each([
  ['resources/subscribe', 'modern'],
  ['resources/unsubscribe', 'modern'],
  ['logging/setLevel', 'modern'],
  ['tasks/result', 'modern'],
  ['tasks/update', 'legacy'],
  ['initialize', 'modern'],
  ['ping', 'modern'],
  ['server/discover', 'legacy'],
  ['subscriptions/listen', 'legacy'],
  ['tasks/list', 'legacy'],
  ['tasks/list', 'modern'],
  ['sampling/createMessage', 'legacy'],
  ['elicitation/create', 'modern'],
  ['roots/list', 'modern'],
  ['notifications/acme', 'modern'],
] as const)(
  '%s never passes in the %s era, not even to a server alone [calls/removed]',
  (method, era) => {
    expect(handlesMethod(method, era, ONE, true)).toBe(false)
  },
)

test.each(['acme/do', 'toString', '__proto__', ''])(
  'an extension’s method %j passes where the scope is one server, and only there [calls/removed]',
  (method) => {
    expect([
      handlesMethod(method, 'modern', ONE, true),
      handlesMethod(method, 'legacy', MANY, true),
    ]).toEqual([true, false])
    expect(isExtension(method)).toBe(true)
  },
)

test.each(['tools/call', 'prompts/get', 'resources/read', 'completion/complete', 'tools/list'])(
  '%s is answered in either era, for many servers as for one',
  (method) => {
    const answered = [ONE, MANY].flatMap((view) =>
      (['legacy', 'modern'] as const).map((era) => handlesMethod(method, era, view, false)),
    )
    expect(answered).toEqual([true, true, true, true])
  },
)

test('methods of tasks are unknown where no server has tasks', () => {
  expect(handlesMethod('tasks/get', 'modern', MANY, false)).toBe(false)
  expect(handlesMethod('tasks/get', 'modern', ONE, false)).toBe(false)
  expect(handlesMethod('tasks/get', 'legacy', MANY, true)).toBe(true)
  expect(handlesMethod('tasks/update', 'modern', MANY, true)).toBe(true)
})

test.each(['toString', '__proto__', 'hasOwnProperty', 'tools/lists'])(
  '%s asks for no list and names nothing',
  (method) => {
    expect([listOf(method), isNamed(method)]).toEqual([undefined, false])
  },
)
