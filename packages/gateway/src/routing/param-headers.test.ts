import { expect, test } from 'vitest'
import {
  foreignParamHeaders,
  judgeParamHeaders,
  readHeaderDeclarations,
  writeParamHeaders,
} from './param-headers.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    page: {
      type: 'object',
      properties: { size: { type: 'integer', 'x-mcp-header': 'Page-Size' } },
    },
    dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
  },
}
const DECLARED = readHeaderDeclarations(SCHEMA) ?? []

test('finds declarations through plain properties', () => {
  expect(DECLARED.map(({ path, header, type }) => [path.join('.'), header, type])).toEqual([
    ['region', 'Region', 'string'],
    ['page.size', 'Page-Size', 'integer'],
    ['dry', 'Dry', 'boolean'],
  ])
})

test.each([
  ['on an array', { properties: { a: { type: 'array', 'x-mcp-header': 'A' } } }],
  ['on a number', { properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }],
  ['on the root', { type: 'string', 'x-mcp-header': 'A' }],
  ['under items', { properties: { a: { items: { type: 'string', 'x-mcp-header': 'A' } } } }],
  ['under oneOf', { oneOf: [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }] }],
  ['no token', { properties: { a: { type: 'string', 'x-mcp-header': 'A B' } } }],
  ['a line break', { properties: { a: { type: 'string', 'x-mcp-header': 'A\r\nB' } } }],
  [
    'twice, ignoring case',
    {
      properties: {
        a: { type: 'string', 'x-mcp-header': 'Same' },
        b: { type: 'string', 'x-mcp-header': 'same' },
      },
    },
  ],
])('a declaration is invalid %s [tools/list/bad-header-declaration]', (_case, schema) => {
  expect(readHeaderDeclarations(schema)).toBe(undefined)
})

test('a property that is called like the keyword is no declaration', () => {
  expect(readHeaderDeclarations({ properties: { 'x-mcp-header': { type: 'string' } } })).toEqual([])
})

test.each([
  ['a missing header', { region: 'eu' }, {}, 'the Mcp-Param-Region header is missing'],
  ['another value', { region: 'eu' }, { 'mcp-param-region': 'us' }, 'disagree'],
  ['another case', { region: 'eu' }, { 'mcp-param-region': 'EU' }, 'disagree'],
  ['a broken sentinel', { region: 'ü' }, { 'mcp-param-region': '=?base64?!?=' }, 'malformed'],
  ['another number', { page: { size: 42 } }, { 'mcp-param-page-size': '43' }, 'disagree'],
  ['a word for a boolean', { dry: true }, { 'mcp-param-dry': 'True' }, 'disagree'],
])('%s is refused [wire/header/param]', (_case, args, headers, text) => {
  expect(judgeParamHeaders(DECLARED, args, headers)).toContain(text)
})

test.each([
  ['equal text', { region: 'eu' }, { 'mcp-param-region': 'eu' }],
  ['text in a sentinel', { region: 'ü' }, { 'mcp-param-region': '=?base64?w7w=?=' }],
  ['an equal number in another form', { page: { size: 42 } }, { 'mcp-param-page-size': '42.0' }],
  ['null without a header', { region: null }, {}],
  ['an absent argument with a header', {}, { 'mcp-param-region': 'eu' }],
])('%s passes', (_case, args, headers) => {
  expect(judgeParamHeaders(DECLARED, args, headers)).toBe(undefined)
})

test('writes headers that agree with the arguments, and never a raw line break [upstreams/header/agree] [upstreams/header/injection]', () => {
  const args = { region: 'a\r\nb: c', page: { size: 3 }, dry: null }
  const headers = writeParamHeaders(DECLARED, args)
  expect(headers).toEqual({
    'mcp-param-region': '=?base64?YQ0KYjogYw==?=',
    'mcp-param-page-size': '3',
  })
  expect(judgeParamHeaders(DECLARED, args, headers)).toBe(undefined)
})

test('passes on what no declaration names, and nothing else', () => {
  const headers = { 'mcp-param-region': 'x', 'mcp-param-other': 'y', authorization: 'Bearer z' }
  expect(foreignParamHeaders(DECLARED, headers)).toEqual({ 'mcp-param-other': 'y' })
})
