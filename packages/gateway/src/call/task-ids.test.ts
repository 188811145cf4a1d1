import { createMac } from '@sallyport/kit/crypto'
import { splice } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { testReply } from './testing-call.ts'
import { TaskIds } from './task-ids.ts'

const ids = new TaskIds(createMac(Buffer.alloc(32, 1)))
const PLACE = { server: 'files', taskId: 'tésk/1."x"' }
const ALICE = { server: 'files', principalId: 'key:alice' }
const shown = ids.show(PLACE, 'key:alice')

test('a task is found by whom it was shown to, and by nobody else [tasks/owner]', () => {
  expect(ids.find(shown, 'key:bob')).toBe(undefined)
  expect(ids.find(shown, 'key:alice ')).toBe(undefined)
  expect(ids.find(shown, 'key:alice')).toEqual(PLACE)
})

test("an id that was changed, made up or the server's own is unknown [tasks/owner]", () => {
  const [server = '', own = '', mac = ''] = shown.split('.')
  const changed = [...shown].map((character, at) => {
    const other = character === 'A' ? 'B' : 'A'
    return shown.slice(0, at) + other + shown.slice(at + 1)
  })
  const other = Buffer.from('other').toString('base64url')
  const foreign = new TaskIds(createMac(Buffer.alloc(32, 2))).show(PLACE, 'key:alice')
  for (const id of [
    ...changed,
    ...[PLACE.taskId, '', '.', '..', 'files', `${server}.${own}`, `${server}.${own}.`],
    ...[`other.${own}.${mac}`, `${server}.${other}.${mac}`, `${shown}.x`, `${shown}=`, `${shown}A`],
    ...[` ${shown}`, shown.toUpperCase(), foreign],
  ]) {
    expect(ids.find(id, 'key:alice')).toBe(undefined)
  }
})

test('the id of a task is the same each time, and another for each server and principal [tasks/ids]', () => {
  const again = new TaskIds(createMac(Buffer.alloc(32, 1)))
  expect(again.show(PLACE, 'key:alice')).toBe(shown)
  const all = [
    shown,
    ids.show(PLACE, 'key:bob'),
    ids.show({ ...PLACE, server: 'other' }, 'key:alice'),
    ids.show({ ...PLACE, taskId: 't' }, 'key:alice'),
  ]
  expect(new Set(all).size).toBe(4)
  for (const id of all) expect(id).toMatch(/^[\w.-]+$/)
})

const own = '"t\\u00e9sk/1.\\"x\\""'
const rewritten = (text: string, isTask: boolean) => {
  const message = testReply(text)
  return splice(message.bytes, ids.edits(message, ALICE, isTask)).toString()
}

test.each([
  ['a task of the modern era', `"result":{"resultType":"task","n":1.0,"taskId":${own}}`, true],
  ['a task of the legacy era', `"result":{"task":{"n":1.0,"taskId":${own}},"_meta":{}}`, false],
  [
    'the result of a task',
    `"result":{"content":[],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":${own}}}}`,
    true,
  ],
  [
    'all at once',
    `"result":{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":${own}}},"task":{"taskId":${own}},"taskId":${own}}`,
    true,
  ],
])('the public id stands in %s, and nothing else changes [tasks/ids]', (_case, body, isTask) => {
  const text = `{"jsonrpc":"2.0","id":7,${body}}`
  expect(rewritten(text, isTask)).toBe(text.replaceAll(own, JSON.stringify(shown)))
})

test('the public id stands in notifications [tasks/ids]', () => {
  const status = `{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":${own},"n":1.0}}`
  expect(rewritten(status, true)).toBe(status.replace(own, JSON.stringify(shown)))
  const progress = `{"jsonrpc":"2.0","method":"notifications/progress","params":{"taskId":${own},"_meta":{"io.modelcontextprotocol/related-task":{"taskId":${own}}}}}`
  const at = progress.lastIndexOf(own)
  expect(rewritten(progress, false)).toBe(
    progress.slice(0, at) + JSON.stringify(shown) + progress.slice(at + own.length),
  )
})

test.each([
  [`"result":{"content":[{"taskId":${own}}],"taskId":${own}}`, false],
  ['"result":{"taskId":7}', true],
  ['"result":[{"taskId":"t"}]', true],
  ['"result":null', true],
])("what a server's own data calls taskId stays: %s", (body, isTask) => {
  const text = `{"jsonrpc":"2.0","id":7,${body}}`
  expect(rewritten(text, isTask)).toBe(text)
})
