import { expect, test } from 'vitest'
import { testTaskIds } from '../questions/testing-questions.ts'
import { TargetFinder } from './target-finder.ts'
import {
  FakeViews,
  testExchange,
  type TestExchangeOptions,
  testPrincipal,
  testServer,
} from './testing-call.ts'

const views = new FakeViews({
  servers: [testServer('files'), testServer('other')],
  resources: { 'files+a:b': ['files', 'a:b'] },
})
const taskIds = testTaskIds()
const finder = new TargetFinder({ views, taskIds, servers: views.configs })

function find(method: string, params: string, options: TestExchangeOptions = {}) {
  const text = `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`
  const target = finder.find(testExchange(text, options))
  return target && `${target.kind} ${target.server} ${target.name}`
}

test.each([
  ['tools/call', '{"name":"none__x"}'],
  ['tools/call', '{"name":7}'],
  ['tools/call', '{}'],
  ['prompts/get', '{"name":"x"}'],
  ['resources/read', '{"uri":"a:b"}'],
  ['resources/read', '{}'],
  ['completion/complete', '{}'],
  ['completion/complete', '{"ref":{"type":"ref/tool","name":"files__p"}}'],
  ['completion/complete', '{"ref":{"type":"ref/prompt","uri":"files+a:b"}}'],
  ['completion/complete', '{"ref":{"type":"ref/resource","name":"files__p"}}'],
  ['completion/complete', '{"ref":"ref/prompt"}'],
  ['tasks/get', '{"taskId":"t"}'],
  ['tasks/get', '{"taskId":7}'],
  ['tools/list', '{}'],
  ['logging/setLevel', '{}'],
  ['acme/do', '{}'],
])('%s of %s leads nowhere [calls/unknown]', (method, params) => {
  expect(find(method, params)).toBe(undefined)
})

test.each([
  ['tools/call', '{"name":"files__a__b"}', 'tool files a'],
  ['prompts/get', '{"name":"other__p"}', 'prompt other p'],
  ['resources/read', '{"uri":"files+a:b"}', 'resource files a:b'],
  ['resources/subscribe', '{"uri":"files+a:b"}', 'resource files a:b'],
  ['completion/complete', '{"ref":{"type":"ref/prompt","name":"files__p"}}', 'prompt files p'],
  [
    'completion/complete',
    '{"ref":{"uri":"files+a:b","type":"ref/resource"}}',
    'resource files a:b',
  ],
])('%s of %s leads to %s', (method, params, expected) => {
  expect(find(method, params)).toBe(expected)
})

test('a task leads to its server, for its principal and where that server is shown [tasks/owner]', () => {
  const params = JSON.stringify({
    taskId: taskIds.show({ server: 'files', taskId: 't' }, 'key:alice'),
  })
  expect(find('tasks/get', params)).toBe('task files t')
  expect(find('tasks/cancel', params, { scope: 'files' })).toBe('task files t')
  expect(find('tasks/get', params, { scope: 'other' })).toBe(undefined)
  expect(find('tasks/get', params, { principal: testPrincipal('bob') })).toBe(undefined)
})

test("an extension's method leads to the server that the address is, a removed one nowhere [calls/removed]", () => {
  expect(find('acme/do', '{}', { scope: 'files' })).toBe('other files ')
  expect(find('tasks/list', '{}', { scope: 'files' })).toBe(undefined)
  expect(find('roots/list', '{}', { scope: 'files' })).toBe(undefined)
})

test('a tool of the gateway itself leads to no server, also where one has a tool of that name [quotas/results/listed]', () => {
  const own = new TargetFinder({
    ...{ views, taskIds, servers: views.configs },
    ownTools: new Set(['read_more']),
  })
  const exchange = (method: string, name: string) =>
    testExchange(`{"jsonrpc":"2.0","id":1,"method":"${method}","params":{"name":"${name}"}}`, {
      scope: 'files',
    })
  expect(own.find(exchange('tools/call', 'read_more'))).toBeUndefined()
  expect(own.owns(exchange('tools/call', 'read_more').message)).toBe(true)
  expect(own.find(exchange('tools/call', 'read'))).toMatchObject({ name: 'read' })
  expect(own.find(exchange('prompts/get', 'read_more'))).toMatchObject({ kind: 'prompt' })
  expect(finder.owns(exchange('tools/call', 'read_more').message)).toBe(false)
})
