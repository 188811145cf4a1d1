import type { ServerConfig } from '@sallyport/contract/config'
import { expect, test } from 'vitest'
import { testServer } from '../call/testing-call.ts'
import { describeTarget, publicName, splitName } from './target.ts'
import { readTools } from './tool.ts'

test.each(['', '_', '__', '__a', 'a', 'a_b', 'a_b_'])('%j names no server and tool', (name) => {
  expect(splitName(name)).toBe(undefined)
})

test.each([
  ['a__', { server: 'a', tool: '' }],
  ['a__b', { server: 'a', tool: 'b' }],
  ['a__b__c', { server: 'a', tool: 'b__c' }],
  ['a___b', { server: 'a', tool: '_b' }],
])('%s is split at its first separator', (name, parts) => {
  expect(splitName(name)).toEqual(parts)
  expect(publicName(parts.server, parts.tool)).toBe(name)
})

const HINTED = readTools(
  'files',
  [
    Buffer.from(
      '{"tools":[{"name":"echo","annotations":{"readOnlyHint":true}},{"name":"put","annotations":{"idempotentHint":true}}]}',
    ),
  ],
  {},
)

function judge(
  name: 'echo' | 'put',
  pins: ServerConfig['tools'][string],
  trustAnnotations: boolean,
): readonly [readOnly: boolean, repeatable: boolean] {
  const tool = HINTED.find((one) => one.name === name)
  const config = testServer('files', { tools: { [name]: pins }, trustAnnotations })
  const { readOnly, repeatable } = describeTarget(config, name, tool)
  return [readOnly, repeatable]
}

test.each([
  ['a hint of a server that is not trusted', 'echo', {}, false, [false, false]],
  ['the read-only hint of a trusted server', 'echo', {}, true, [false, true]],
  ['the idempotent hint of a trusted server', 'put', {}, true, [false, true]],
  ['a pin against a trusted hint', 'echo', { readOnly: false }, true, [false, false]],
  ['a pin against a trusted hint', 'put', { idempotent: false }, true, [false, false]],
  ['a read-only pin', 'echo', { readOnly: true }, false, [true, true]],
  ['an idempotent pin', 'echo', { idempotent: true }, false, [false, true]],
  ['a pin for something else', 'echo', { destructive: false }, false, [false, false]],
] as const)('%s on %s gives read-only and repeatable', (_case, name, pins, trusted, expected) => {
  expect(judge(name, pins, trusted)).toEqual(expected)
})

test('pins are looked up by the name itself, not by what objects inherit', () => {
  expect(describeTarget(testServer('files'), 'constructor', undefined)).toMatchObject({
    readOnly: false,
    repeatable: false,
  })
})
