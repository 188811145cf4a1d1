import { type Message, scanReply } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { judgeInitialize, judgeProbe } from './era.ts'

function answer(body: object): Message {
  const message = scanReply(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...body })))
  if (message === undefined) throw new Error('not a message')
  return message
}

const tools = { tools: { listChanged: true } }
const can = { lists: { tools: true, resources: false }, changes: { tools: true } }
const modern = { kind: 'modern', version: '2026-07-28' }

test.each([
  ['an unknown method', { error: { code: -32_601, message: '' } }, { kind: 'legacy' }],
  [
    'the SDK error without a session',
    { error: { code: -32_000, message: '' } },
    { kind: 'legacy' },
  ],
  ['a version error without a list', { error: { code: -32_022, message: '' } }, { kind: 'legacy' }],
  [
    'another code with a list',
    { error: { code: -32_601, message: '', data: { supported: ['2026-07-28'] } } },
    { kind: 'legacy' },
  ],
  ['an empty result', { result: {} }, { kind: 'legacy' }],
  ['a result that is none', { result: [1] }, { kind: 'legacy' }],
  ['an empty list', { result: { supportedVersions: [] } }, { kind: 'legacy' }],
  ['legacy revisions only', { result: { supportedVersions: ['2025-11-25'] } }, { kind: 'legacy' }],
  [
    'newer revisions only',
    { result: { supportedVersions: ['2027-01-01'] } },
    { kind: 'foreign', versions: ['2027-01-01'] },
  ],
  [
    'our revision',
    { result: { supportedVersions: ['2027-01-01', '2026-07-28'], capabilities: tools } },
    { ...modern, capabilities: can },
  ],
  [
    'our revision without tools',
    { result: { supportedVersions: ['2026-07-28'] } },
    { ...modern, capabilities: { lists: { tools: false }, changes: { tools: false } } },
  ],
  [
    'a version error with our revision',
    { error: { code: -32_022, message: '', data: { supported: ['2026-07-28'] } } },
    modern,
  ],
  [
    'a header error with our revision',
    { error: { code: -32_020, message: '', data: { supported: ['2026-07-28'] } } },
    modern,
  ],
  [
    'a capability error with our revision',
    { error: { code: -32_021, message: '', data: { supported: ['2026-07-28'] } } },
    modern,
  ],
  [
    'a version error with newer ones',
    { error: { code: -32_022, message: '', data: { supported: ['2027-01-01'] } } },
    { kind: 'foreign' },
  ],
])('a probe answered with %s is judged [upstreams/era/probe]', (_case, body, verdict) => {
  expect(judgeProbe(answer(body))).toMatchObject(verdict)
})

test.each([
  ['an old revision', { result: { protocolVersion: '2024-10-07' } }, { kind: 'foreign' }],
  ['a newer revision', { result: { protocolVersion: '2027-01-01' } }, { kind: 'foreign' }],
  ['no revision', { result: {} }, { kind: 'refused' }],
  ['a revision that is no text', { result: { protocolVersion: 1 } }, { kind: 'refused' }],
  [
    'an error',
    { error: { code: -32_603, message: 'broken' } },
    { kind: 'refused', reason: 'broken' },
  ],
  ['an error without a text', { error: { code: 1 } }, { kind: 'refused' }],
  [
    'a modern refusal',
    { error: { code: -32_022, message: '', data: { supported: ['2026-07-28'] } } },
    { kind: 'modern' },
  ],
  [
    'a modern revision',
    { result: { protocolVersion: '2026-07-28', capabilities: tools } },
    { kind: 'modern' },
  ],
  [
    '2024-11-05',
    { result: { protocolVersion: '2024-11-05', capabilities: tools } },
    { kind: 'legacy', version: '2024-11-05', capabilities: can },
  ],
  [
    '2025-11-25',
    { result: { protocolVersion: '2025-11-25', capabilities: { tools: {} } } },
    { kind: 'legacy', capabilities: { lists: { tools: true }, changes: { tools: false } } },
  ],
])('initialize answered with %s is judged', (_case, body, verdict) => {
  expect(judgeInitialize(answer(body))).toMatchObject(verdict)
})

test('what a server says of itself is kept as it wrote it', () => {
  const text = '{ "tools":{"listChanged" :true}, "x": 12345678901234567890 }'
  const { bytes } = answer({ result: { protocolVersion: '2025-11-25', capabilities: {} } })
  const instructions = ',"instructions":"be kind"'
  const raw = bytes.toString().replace('"capabilities":{}', `"capabilities":${text}${instructions}`)
  const message = scanReply(Buffer.from(raw))
  expect(judgeInitialize(message ?? expect.unreachable())).toMatchObject({
    kind: 'legacy',
    capabilitiesText: text,
    instructions: 'be kind',
  })
})

test.each([
  ['resources with subscriptions', { resources: { subscribe: true } }, { subscribe: true }],
  ['resources that change', { resources: { listChanged: true } }, { changes: { resources: true } }],
  ['prompts', { prompts: {} }, { lists: { prompts: true }, changes: { prompts: false } }],
  ['log messages', { logging: {} }, { logging: true }],
  ['prompts that are none', { prompts: true }, { lists: { prompts: false } }],
])('capabilities with %s are read', (_case, capabilities, expected) => {
  const verdict = judgeInitialize(
    answer({ result: { protocolVersion: '2025-11-25', capabilities } }),
  )
  expect(verdict).toMatchObject({ capabilities: expected })
})
