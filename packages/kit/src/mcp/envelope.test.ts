import { expect, test } from 'vitest'
import { judgeEra } from './envelope.ts'
import { testMessage } from './testing-message.ts'

const VERSION = '2026-07-28'
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
}

type Headers = Readonly<Record<string, string | string[]>>

/** `era version`, or the code and text of the refusal. */
function judge(message: object, headers: Headers): string {
  const verdict = judgeEra(testMessage({ jsonrpc: '2.0', ...message }), headers)
  if (verdict.era !== 'refused') return `${verdict.era} ${verdict.version}`
  expect(verdict.refusal.status).toBe(400)
  return `${verdict.refusal.code} ${verdict.refusal.message}`
}

const request = (method: string, params: object = {}, meta: object = META) => ({
  id: 1,
  method,
  params: { ...params, _meta: meta },
})
const headers = (method: string, more: Headers = {}): Headers => ({
  'mcp-protocol-version': VERSION,
  'mcp-method': method,
  ...more,
})

test.each([
  ['a version that is no string', { 'io.modelcontextprotocol/protocolVersion': 7 }, -32602],
  ['another version', { ...META, 'io.modelcontextprotocol/protocolVersion': '2026-07-29' }, -32020],
  ['no capabilities', { 'io.modelcontextprotocol/protocolVersion': VERSION }, -32602],
  [
    'capabilities that are no object',
    { ...META, 'io.modelcontextprotocol/clientCapabilities': [] },
    -32602,
  ],
  ['no version', { 'io.modelcontextprotocol/clientCapabilities': {} }, -32602],
  ['nothing of ours', {}, -32602],
])('a modern request whose envelope has %s is refused', (_case, meta, code) => {
  expect(judge(request('tools/list', {}, meta), headers('tools/list'))).toMatch(`${code} `)
})

test.each([
  ['in two headers', { 'mcp-protocol-version': [VERSION, VERSION] }],
  ['missing', {}],
  ['of the other era', { 'mcp-protocol-version': '2025-11-25' }],
])('a modern request with its version header %s is refused', (_case, version) => {
  expect(judge(request('tools/list'), { 'mcp-method': 'tools/list', ...version })).toMatch('-32020')
})

test.each([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])('%s must repeat params.%s in its header [wire/header/mismatch]', (method, field) => {
  const message = request(method, { [field]: 'x:ü' })
  const named = (name: string) => judge(message, headers(method, { 'mcp-name': name }))
  expect(named('=?base64?eDrDvA==?=')).toBe(`modern ${VERSION}`)
  expect(named('x:u')).toBe(`-32020 the Mcp-Name header and params.${field} disagree`)
  expect(named('=?base64?eDrDvA=?=')).toMatch('malformed')
  expect(judge(message, headers(method))).toBe('-32020 the Mcp-Name header is missing')
})

test('a name header where the body has no name is refused, on a method without one it says nothing', () => {
  const spoken = headers('tools/call', { 'mcp-name': 'x' })
  expect(judge(request('tools/call', { name: 7 }), spoken)).toMatch('-32020')
  expect(judge(request('tools/list'), headers('tools/list', { 'mcp-name': 'x' }))).toMatch('modern')
  expect(judge(request('toString'), headers('toString', { 'mcp-name': 'x' }))).toMatch('modern')
})

test.each([
  [
    'a claimed revision',
    request('m', {}, { 'io.modelcontextprotocol/protocolVersion': '2027-01-01' }),
    {},
  ],
  ['a header', { id: 1, method: 'm' }, { 'mcp-protocol-version': '2027-01-01' }],
  ['a header on a notification', { method: 'm' }, { 'mcp-protocol-version': 'x' }],
])(
  'an unknown revision in %s is refused with what is known [wire/revision/unsupported]',
  (_case, message, given) => {
    const verdict = judgeEra(testMessage({ jsonrpc: '2.0', ...message }), given)
    expect(verdict).toMatchObject({
      era: 'refused',
      refusal: { code: -32022, data: { supported: [VERSION] } },
    })
  },
)

test('a long revision is not repeated whole', () => {
  const text = judge({ id: 1, method: 'm' }, { 'mcp-protocol-version': 'v'.repeat(5_000) })
  expect(text.length).toBeLessThan(100)
})

test.each([
  ['no header', {}, 'legacy undefined'],
  ['2024-11-05', { 'mcp-protocol-version': '2024-11-05' }, 'legacy 2024-11-05'],
  ['spaces around it', { 'mcp-protocol-version': ' 2025-06-18 ' }, 'legacy 2025-06-18'],
  ['modern method headers only', { 'mcp-method': 'x', 'mcp-name': 'y' }, 'legacy undefined'],
])('a message without an envelope is legacy: %s', (_case, given, expected) => {
  expect(judge({ id: 1, method: 'tools/list' }, given)).toBe(expected)
})

test('initialize is legacy, and does not exist under the modern header', () => {
  expect(judge({ id: 1, method: 'initialize' }, {})).toBe('legacy undefined')
  expect(judge({ id: 1, method: 'initialize' }, { 'mcp-protocol-version': '2025-11-25' })).toBe(
    'legacy undefined',
  )
  expect(judge({ id: 1, method: 'initialize' }, headers('initialize'))).toMatch('-32020')
})

test('modern notifications need no mirror', () => {
  const claimed = { method: 'notifications/x', params: { _meta: META } }
  expect(judge(claimed, { 'mcp-protocol-version': VERSION })).toBe(`modern ${VERSION}`)
  expect(judge({ method: 'notifications/x' }, { 'mcp-protocol-version': VERSION })).toBe(
    `modern ${VERSION}`,
  )
})
