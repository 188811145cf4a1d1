import type { ServerConfig } from '@sallyport/contract/config'
import type { Exchange } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { legacyRequest, modernRequest } from '../questions/testing-questions.ts'
import { abilitiesFor, envelopeFor } from './envelope.ts'
import { testSession, testTarget } from './testing-call.ts'

const NAME = '"name":"files__echo"'
const TASKS = 'io.modelcontextprotocol/tasks'
const able = (exchange: Exchange, roots: ServerConfig['roots'] = 'none') =>
  abilitiesFor(exchange, testTarget({}, undefined, { roots }))
const ask = () => Promise.reject(new TypeError('nobody is asked here'))

test.each([
  ['none', '{"roots":{},"sampling":{"x":1.0}}', '{"sampling":{"x":1.0}}'],
  ['none', '{ "sampling" : {} }', '{ "sampling" : {} }'],
  ['client', '{ "roots":{"listChanged":true} }', '{ "roots":{"listChanged":true} }'],
  ['listed', '{"roots":{"listChanged":true}}', '{"roots":{}}'],
  ['listed', '{}', '{"roots":{}}'],
])(
  'with roots: %s a modern client that declared %s is declared as %s [questions/roots]',
  (...[roots, capabilities, expected]) => {
    const config = roots === 'listed' ? (['file:///a'] as [string]) : (roots as 'none' | 'client') // the column holds these
    expect(able(modernRequest(NAME, { capabilities }), config)).toBe(expected)
  },
)

test('a legacy client is declared as what it said at its start, tasks of the modern era left out', () => {
  const capabilities = `{"elicitation":{"form":{}},"roots":{},"extensions":{"a/b":{"n":1.0},"${TASKS}":{}}}`
  const rest = '"extensions":{"a/b":{"n":1.0}}'
  expect(able(legacyRequest(NAME, { capabilities, ask }))).toBe(
    `{"elicitation":{"form":{}},${rest}}`,
  )
  expect(able(legacyRequest(NAME, { capabilities, ask }), 'client')).toBe(
    `{"elicitation":{"form":{}},"roots":{},${rest}}`,
  )
})

test('who takes no stream is declared as one that cannot be asked [questions/no-stream]', () => {
  const capabilities = '{"elicitation":{},"sampling":{},"roots":{},"experimental":{}}'
  expect(able(legacyRequest(NAME, { capabilities }), 'client')).toBe('{"experimental":{}}')
})

const LEVEL = 'io.modelcontextprotocol/logLevel'
const notify = () => undefined

test.each<[string, Exchange, string | undefined]>([
  ['a modern client names none', modernRequest(NAME), undefined],
  ['a modern client names one', modernRequest(NAME, { meta: `,"${LEVEL}":"error"` }), '"error"'],
  ['a legacy client hears nothing', legacyRequest(NAME), undefined],
  ['a legacy client hears', legacyRequest(NAME, { notify }), '"info"'],
  [
    'a legacy client set one',
    legacyRequest(NAME, { notify, session: testSession('{}', { logLevel: 'alert' }) }),
    '"alert"',
  ],
])('a modern server is told the level of logs: %s [calls/logs]', (_case, exchange, level) => {
  const { [LEVEL]: told, ...rest } = JSON.parse(
    `{${envelopeFor(exchange, testTarget(), '{"name":"sallyport"}')}}`,
  ) as Record<string, unknown> // our own text
  expect(told).toBe(level === undefined ? undefined : JSON.parse(level))
  expect(Object.keys(rest)).toEqual([
    'io.modelcontextprotocol/clientInfo',
    'io.modelcontextprotocol/clientCapabilities',
  ])
})
