import { expect, test } from 'vitest'
import { readTools } from './tool.ts'

function read(tools: string, pins = {}): string[] {
  return readTools('srv', [Buffer.from(`{"tools":[${tools}]}`)], pins).map((tool) =>
    tool.publicBytes.toString(),
  )
}

test('carries a description byte for byte, with only the name changed [tools/list/bytes]', () => {
  const tool =
    '{"name":"echo", "inputSchema":{"type":"object","x":12345678901234567890},"unknown":{"a":[1 ,2]},"icons":[]}'
  expect(read(tool)).toEqual([tool.replace('"echo"', '"srv__echo"')])
})

test('pins replace hints and leave other annotations [tools/pins]', () => {
  const tool = '{"name":"rm","annotations":{"title":"T","readOnlyHint":true,"vendor":1}}'
  expect(read(tool, { rm: { readOnly: false, destructive: true } })).toEqual([
    '{"name":"srv__rm","annotations":{"title":"T","vendor":1,"readOnlyHint":false,"destructiveHint":true}}',
  ])
})

test('pins are added where a tool has no annotations', () => {
  expect(read('{"name":"ls"}', { ls: { readOnly: true } })).toEqual([
    '{"annotations":{"readOnlyHint":true},"name":"srv__ls"}',
  ])
})

test('leaves out what has no usable name and counts a repeated name once', () => {
  expect(read('{"name":7},{},"x",{"name":"a"},{"name":"a","description":"second"}')).toEqual([
    '{"name":"srv__a"}',
  ])
})

test('keeps a tool whose header declaration is invalid, marked as such', () => {
  const schema = '{"properties":{"a":{"type":"array","x-mcp-header":"A"}}}'
  const [tool] = readTools(
    'srv',
    [Buffer.from(`{"tools":[{"name":"a","inputSchema":${schema}}]}`)],
    {},
  )
  expect(tool?.headers).toBe(undefined)
})
