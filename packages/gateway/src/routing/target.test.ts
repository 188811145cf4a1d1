import type { ServerConfig } from '@sallyport/contract/config'
import { expect, test } from 'vitest'
import { testServer } from '../call/testing-call.ts'
import { describeOther, describeRead, describeTarget } from './target.ts'
import { readTool } from './tool.ts'

const HINTED = [
  '{"name":"echo","annotations":{"readOnlyHint":true}}',
  '{"name":"put","annotations":{"idempotentHint":true}}',
].map((text) => readTool(Buffer.from(text)))

function judge(
  name: 'echo' | 'put',
  pins: ServerConfig['tools'][string],
  trustAnnotations: boolean,
): readonly [readOnly: boolean, repeatable: boolean] {
  const tool = HINTED.find((one) => one?.name === name)
  const config = testServer('files', { tools: { [name]: pins }, trustAnnotations })
  const { readOnly, repeatable } = describeTarget(config, name, tool)
  return [readOnly, repeatable]
}

test.each([
  ['a hint of a server that is not trusted', { name: 'echo', pins: {}, trusted: false }, 'no no'],
  ['the read-only hint of a trusted server', { name: 'echo', pins: {}, trusted: true }, 'no yes'],
  ['the idempotent hint of a trusted server', { name: 'put', pins: {}, trusted: true }, 'no yes'],
  [
    'a read-only pin against a trusted hint',
    { name: 'echo', pins: { readOnly: false }, trusted: true },
    'no no',
  ],
  [
    'an idempotent pin against a trusted hint',
    { name: 'put', pins: { idempotent: false }, trusted: true },
    'no no',
  ],
  ['a read-only pin', { name: 'echo', pins: { readOnly: true }, trusted: false }, 'yes yes'],
  ['an idempotent pin', { name: 'echo', pins: { idempotent: true }, trusted: false }, 'no yes'],
  [
    'a pin for something else',
    { name: 'echo', pins: { destructive: false }, trusted: false },
    'no no',
  ],
] as const)(
  '%s decides whether a tool is read-only and whether it may be repeated [tools/hints-untrusted] [tools/pins]',
  (_case, { name, pins, trusted }, expected) => {
    const words = judge(name, pins, trusted).map((is) => (is ? 'yes' : 'no'))
    expect(words.join(' ')).toBe(expected)
  },
)

test('pins are looked up by the name itself, not by what objects inherit', () => {
  expect(describeTarget(testServer('files'), 'constructor', undefined)).toMatchObject({
    readOnly: false,
    repeatable: false,
  })
})

test('the pins of an endpoint outweigh those of the server [endpoints/override]', () => {
  const config = testServer('files', { tools: { echo: { readOnly: true, idempotent: true } } })
  const judged = describeTarget(config, 'echo', undefined, { readOnly: false })
  expect([judged.readOnly, judged.repeatable]).toEqual([false, true])
})

test('prompts and resources are reads; what an extension does is not known', () => {
  const config = testServer('files', { tools: { p: { readOnly: false } } })
  expect(describeRead(config, 'prompt', 'p')).toMatchObject({ readOnly: true, repeatable: true })
  expect(describeOther(config, 'task', 'p')).toMatchObject({ readOnly: false, repeatable: false })
})
