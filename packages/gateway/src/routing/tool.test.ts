import { expect, test } from 'vitest'
import { overrideTool, readTool, showTool, type Tool } from './tool.ts'

function tool(text: string, pins = {}): Tool {
  return readTool(Buffer.from(text), pins) ?? expect.unreachable(`no tool: ${text}`)
}

const shown = (one: Tool, name = 'srv__x', ui?: string) => showTool(one, name, ui).toString()

test.each(['{"name":7}', '{}', '"x"', '{"name":""}', `{"name":"${'x'.repeat(257)}"}`])(
  '%s is no tool',
  (text) => {
    expect(readTool(Buffer.from(text))).toBe(undefined)
  },
)

test('carries a description byte for byte, with only the name changed [tools/list/bytes]', () => {
  const text =
    '{"name":"echo", "inputSchema":{"type":"object","x":12345678901234567890},"unknown":{"a":[1 ,2]},"icons":[]}'
  expect(shown(tool(text), 'srv__echo')).toBe(text.replace('"echo"', '"srv__echo"'))
  expect(shown(tool(text), 'echo')).toBe(text)
})

test('a name that stands there twice is changed twice, as the last one counts', () => {
  const both = '{"name":"a","\\u006eame":"b"}'
  expect(tool(both).name).toBe('b')
  expect(shown(tool(both), 'srv__b')).toBe('{"name":"srv__b","\\u006eame":"srv__b"}')
})

test('pins replace hints and leave other annotations [tools/pins]', () => {
  const text = '{"name":"rm","annotations":{"title":"T","readOnlyHint":true,"vendor":1}}'
  expect(shown(tool(text, { rm: { readOnly: false, destructive: true } }), 'rm')).toBe(
    '{"name":"rm","annotations":{"title":"T","vendor":1,"readOnlyHint":false,"destructiveHint":true}}',
  )
})

test('pins are added where a tool has no annotations', () => {
  expect(shown(tool('{"name":"ls"}', { ls: { readOnly: true } }), 'ls')).toBe(
    '{"annotations":{"readOnlyHint":true},"name":"ls"}',
  )
})

test('what an endpoint says of a tool replaces its description and hints, and nothing else [endpoints/override]', () => {
  const own = tool('{"name":"rm","description":"old","n":1.50,"annotations":{"v":1}}')
  const pins = { title: 'Say "T"', readOnly: true }
  const over = overrideTool(own, { description: 'new "text"', pins })
  expect(over.bytes.toString()).toBe(
    '{"name":"rm","description":"new \\"text\\"","n":1.50,"annotations":{"v":1,"title":"Say \\"T\\"","readOnlyHint":true}}',
  )
  expect(over.hints.readOnly).toBe(true)
  expect(overrideTool(tool('{"name":"ls"}'), { description: 'd' }).bytes.toString()).toBe(
    '{"description":"d","name":"ls"}',
  )
})

const UI = 'ui://w/m.html'

test('both forms of the URI of an interface are moved together, its policy stays as it is [features/ui]', () => {
  const text = `{"name":"w","_meta":{"ui":{"resourceUri":"${UI}","csp":{"connectDomains":["https://x"]},"permissions":{"camera":{}}},"ui/resourceUri":"${UI}","x":1.0}}`
  const own = tool(text)
  expect(own.ui?.uri).toBe(UI)
  expect(shown(own, 'w', UI)).toBe(text)
  expect(shown(own, 'w', `a+${UI}`)).toBe(text.replaceAll(UI, `a+${UI}`))
})

test.each([
  ['no string', '{"ui":{"resourceUri":7}}'],
  ['no object', '{"ui":"ui://x"}'],
  ['null', 'null'],
  ['something else', '{"resourceUri":"ui://x"}'],
])('%s names no interface', (_case, meta) => {
  expect(tool(`{"name":"w","_meta":${meta}}`).ui).toBe(undefined)
})

test('where the two forms disagree the first one is followed and the other left', () => {
  const own = tool('{"name":"w","_meta":{"ui/resourceUri":"ui://a","ui":{"resourceUri":"ui://b"}}}')
  expect(shown(own, 'w', 'x+ui://a')).toBe(
    '{"name":"w","_meta":{"ui/resourceUri":"x+ui://a","ui":{"resourceUri":"ui://b"}}}',
  )
})

test('keeps a tool whose header declaration is invalid, marked as such', () => {
  const schema = '{"properties":{"a":{"type":"array","x-mcp-header":"A"}}}'
  expect(tool(`{"name":"a","inputSchema":${schema}}`).headers).toBe(undefined)
})

test.each([
  ['nests 200 levels deep', `${'{"allOf":['.repeat(100)}{}${']}'.repeat(100)}`],
  ['refers to itself', '{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}'],
  [
    'multiplies its references',
    `{"$defs":{${Array.from({ length: 30 }, (_, n) => `"d${n}":{"allOf":[{"$ref":"#/$defs/d${n + 1}"},{"$ref":"#/$defs/d${n + 1}"}]}`).join()}}}`,
  ],
  ['is wide', `{"anyOf":[${'{"type":"string"},'.repeat(20_000)}{}]}`],
])('a schema that %s is carried as it is, and read at once [features/schema]', (_case, schema) => {
  const text = `{"name":"a","inputSchema":${schema}}`
  const startedMs = performance.now()
  const own = tool(text)
  expect(shown(own, 'a')).toBe(text)
  expect(own.headers).toEqual([])
  expect(performance.now() - startedMs).toBeLessThan(500)
})
