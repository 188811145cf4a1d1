import { splice } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { testTaskIds } from '../questions/testing-questions.ts'
import { describeOther, describeRead, type Target } from '../routing/target.ts'
import { shownNames } from './shown-names.ts'
import { FakeViews, testExchange, testReply, testServer, testTarget } from './testing-call.ts'

const MOVED = { files: new Map([['a:b', 'files+a:b']]) }
const LINK = '{"type":"resource_link","uri":"a:b","n":1.0}'

function show(body: string, options: { readonly scope?: string; readonly target?: Target } = {}) {
  const views = new FakeViews({ moved: MOVED })
  const message = testReply(`{"jsonrpc":"2.0","id":7,${body}}`)
  const { scope = '', target = testTarget() } = options
  const edits = shownNames(
    { exchange: testExchange(undefined, { scope }), target },
    { views, taskIds: testTaskIds() },
    message,
  )
  return { text: splice(message.bytes, edits).toString(), learned: views.learned }
}

test.each([
  ['links in content', `"result":{"content":[{"type":"text","text":"a:b"},${LINK}]}`],
  [
    'embedded resources',
    '"result":{"content":[{"type":"resource","resource":{"text":"","uri":"a:b"}}]}',
  ],
  ['contents that were read', '"result":{"contents":[{"uri":"a:b"},{"text":"1","uri":"a:b"}]}'],
  [
    'messages of prompts',
    `"result":{"messages":[{"role":"user","content":${LINK}},{"content":{"resource":{"uri":"a:b"}}}]}`,
  ],
  ['escaped forms', '"result":{"contents":[{"uri":"\\u0061:b"}]}'],
])('a URI that two servers share is shown with its server in %s [calls/names]', (_case, body) => {
  expect(show(body, { target: describeRead(testServer('files'), 'resource', 'a:b') }).text).toBe(
    `{"jsonrpc":"2.0","id":7,${body.replaceAll(/"uri":"(a|\\u0061):b"/g, '"uri":"files+a:b"')}}`,
  )
})

test.each([
  ['text', '"result":{"content":[{"type":"text","text":"a:b"}]}'],
  ['data of a tool', `"result":{"content":[],"structuredContent":${LINK},"other":[${LINK}]}`],
  ['another URI', '"result":{"contents":[{"uri":"c:d"}]}'],
  ['a URI that is none', '"result":{"contents":[{"uri":7},7,null]}'],
  ['an error', `"error":{"code":1,"message":"m","data":{"content":[${LINK}]}}`],
  ['no object', '"result":"resource_link"'],
])('%s stays as it is [calls/names]', (_case, body) => {
  expect(show(body).text).toBe(`{"jsonrpc":"2.0","id":7,${body}}`)
})

test("under a server's own address every name is its own, and nothing is remembered", () => {
  const body = `"result":{"content":[${LINK}]}`
  const { text, learned } = show(body, { scope: 'files' })
  expect([text, learned]).toEqual([`{"jsonrpc":"2.0","id":7,${body}}`, []])
})

test('links of a result are remembered for its principal, a bounded number of them', () => {
  const links = Array.from({ length: 1_001 }, (_, at) => LINK.replace('a:b', `x:${at}`))
  expect(show(`"result":{"content":[${LINK}]}`).learned).toEqual(['key:alice files a:b'])
  expect(show(`"result":{"content":[${links.join()}]}`).learned).toHaveLength(1_000)
  expect(show('"result":{"content":[]}').learned).toEqual([])
})

test('a task is shown under its public id, a member of a tool that is called so is not [tasks/ids]', () => {
  const own = '"taskId":"t"'
  const shown = `"taskId":"${testTaskIds().show({ server: 'files', taskId: 't' }, 'key:alice')}"`
  const about = (body: string, target?: Target) => show(body, target ? { target } : {}).text
  const task = describeOther(testServer('files'), 'task', 't')
  expect(about(`"result":{"resultType":"task",${own}}`)).toContain(shown)
  expect(about(`"result":{${own}}`, task)).toContain(shown)
  expect(about(`"result":{${own}}`)).toContain(own)
  expect(about(`"result":{"task":{${own}},"content":[${LINK}]}`)).toContain(shown)
})
