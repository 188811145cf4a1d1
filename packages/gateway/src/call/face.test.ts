import { expect, test } from 'vitest'
import type { ServerFacts } from '../upstreams/upstream.ts'
import { describeFace } from './face.ts'
import { FakeViews, type FakeViewsOptions, testServer } from './testing-call.ts'

const SERVERS = [testServer('files'), testServer('other')]
const facts = (capabilities: string, instructions?: string): ServerFacts => ({
  era: 'legacy',
  capabilities,
  instructions,
})

function face(
  options: FakeViewsOptions,
  { scope = '', era = 'legacy' as 'legacy' | 'modern' } = {},
) {
  const views = new FakeViews({ servers: SERVERS, ...options })
  const { capabilities, ...rest } = describeFace(views, {
    scope,
    sight: undefined,
    era,
    version: '1',
  })
  return { ...rest, capabilities: JSON.parse(capabilities) as object, text: capabilities }
}

const TASKS = 'io.modelcontextprotocol/tasks'
const UI = 'io.modelcontextprotocol/ui'

test('a server that was never met may do anything, so everything is offered for it [calls/face]', () => {
  const everything = {
    tools: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    prompts: { listChanged: true },
    completions: {},
    logging: {},
  }
  expect(face({}).capabilities).toEqual(everything)
  expect(face({ facts: { files: facts('{"tools":{}}') } }).capabilities).toEqual(everything)
})

test('many servers offer the sum of what each can [calls/face]', () => {
  const { capabilities } = face({
    facts: {
      files: facts('{"tools":{},"experimental":{"a":{}}}'),
      other: facts('{"resources":{}}'),
    },
  })
  expect(capabilities).toEqual({
    tools: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    experimental: { a: {} },
  })
})

test('one server offers its own, with what the gateway adds [calls/face]', () => {
  const own = facts(
    '{"tools":{"x":1.0},"resources":{"subscribe":false},"logging":{"y":2},"odd":true}',
  )
  const { text } = face(
    { facts: { files: own, other: facts('{"prompts":{}}') } },
    { scope: 'files' },
  )
  expect(text).toBe(
    '{"tools":{"x":1.0,"listChanged":true},"resources":{"subscribe":false,"listChanged":true},"logging":{"y":2},"odd":true}',
  )
})

test.each([
  ['many', ''],
  ['one', 'files'],
])(
  'tasks of %s are offered without the list of them, in the legacy era alone [calls/face]',
  (_case, scope) => {
    const options = { facts: { files: facts('{"tasks":{"list":{}}}'), other: facts('{}') } }
    expect(face(options, { scope }).capabilities).toEqual({ tasks: {} })
    expect(face(options, { scope, era: 'modern' }).capabilities).toEqual({})
    const more = {
      facts: { files: facts('{"tasks":{"list":{},"cancel":{"n":1.0}}}'), other: facts('{}') },
    }
    expect(face(more, { scope }).text).toBe('{"tasks":{"cancel":{"n":1.0}}}')
  },
)

test('extensions that one server alone knows are offered under its own address [calls/face]', () => {
  const extensions = `{"acme/x":{"n":1.0},"${TASKS}":{},"${UI}":{"a":1}}`
  const options = { facts: { files: facts(`{"extensions":${extensions}}`), other: facts('{}') } }
  expect(face(options, { scope: 'files' }).text).toBe(`{"extensions":${extensions}}`)
  expect(face(options).capabilities).toEqual({ extensions: { [TASKS]: {}, [UI]: { a: 1 } } })
  expect(face(options, { scope: 'other' }).capabilities).toEqual({})
})

test('instructions say whose they are, unless there is one server, or the endpoint has its own [calls/face]', () => {
  const both = { facts: { files: facts('{}', 'Read.'), other: facts('{}', 'Write.') } }
  expect(face(both).instructions).toBe('## files\nRead.\n\n## other\nWrite.')
  expect(face(both, { scope: 'files' }).instructions).toBe('Read.')
  expect(face({ ...both, instructions: 'Ours.' }).instructions).toBe('Ours.')
  expect(face({ facts: { files: facts('{}', ''), other: facts('{}') } }).instructions).toBe(
    undefined,
  )
  const long = face({ facts: { files: facts('{}', 'x'.repeat(40_000)) } })
  expect(long.instructions).toHaveLength(32_768)
})
