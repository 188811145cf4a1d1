import { wholeAnswer } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { testExchange, testPrincipal } from '../call/testing-call.ts'
import { KINDS } from '../upstreams/upstream.ts'
import { openTestViews, SEALER } from './testing-views.ts'

test('the order is that of public names, whichever server was read first [tools/list/order]', async () => {
  const one = await openTestViews()
  one.read('b', { tools: ['z', 'Y', 'x'] })
  one.read('a', { tools: ['m', 'b'] })
  const other = await openTestViews()
  other.read('a', { tools: ['b', 'm'] })
  other.read('b', { tools: ['x', 'z', 'Y'] })
  expect(one.page('tools').names).toEqual(['a__b', 'a__m', 'b__Y', 'b__x', 'b__z'])
  expect(other.page('tools').names).toEqual(one.page('tools').names)
})

test('one name on several servers is listed for each [tools/same-names]', async () => {
  const { read, page } = await openTestViews()
  for (const server of ['a', 'b', 'c']) read(server, { tools: ['echo'], prompts: ['ask'] })
  expect(page('tools').names).toEqual(['a__echo', 'b__echo', 'c__echo'])
  expect(page('prompts').names).toEqual(['a__ask', 'b__ask', 'c__ask'])
})

test('under a server’s address names are its own [tools/one-server]', async () => {
  const { read, page } = await openTestViews()
  read('a', { tools: ['m'] })
  read('b', { tools: ['x'] })
  expect(page('tools', undefined, { scope: 'b' }).names).toEqual(['x'])
})

test.each(KINDS)(
  'pages of %s hold every entry once, in order [tools/list/pages] [features/pages]',
  async (kind) => {
    const { read, page } = await openTestViews({ pageItems: 2 })
    read('a', { [kind]: ['x:1', 'x:2'] })
    read('b', { [kind]: ['y:1', 'y:2', 'y:3'] })
    const found: (readonly string[])[] = []
    let cursor: string | undefined
    do {
      const { names, next } = page(kind, cursor)
      found.push(names)
      cursor = next
    } while (cursor !== undefined)
    expect(found.map((names) => names.length)).toEqual([2, 2, 1])
    expect(found.flat()).toEqual(found.flat().toSorted())
    expect(new Set(found.flat()).size).toBe(5)
  },
)

test('a cursor goes on where it stood while entries come and go', async () => {
  const { read, page } = await openTestViews({ pageItems: 2 })
  read('a', { tools: ['1', '2', '4'] })
  const { next } = page('tools')
  read('a', { tools: ['0', '1', '3', '4'] })
  expect(page('tools', next).names).toEqual(['a__3', 'a__4'])
  read('a', { tools: ['0'] })
  expect(page('tools', next)).toMatchObject({ names: [], code: undefined, next: undefined })
})

test.each([
  ['made up', () => 'bogus'],
  ['empty', () => ''],
  ['a number', () => 7],
  ['an object', () => ({})],
  [
    'changed by a letter',
    (good: string) => good.slice(0, -2) + (good.at(-2) === 'A' ? 'BA' : 'AA'),
  ],
  ['cut short', (good: string) => good.slice(0, -4)],
  ['sealed for something else', () => SEALER.seal(Buffer.from('a__1'), 'mcp-session')],
])('a cursor that is %s is refused as bad parameters [tools/list/cursor]', async (_case, bend) => {
  const { read, page } = await openTestViews({ pageItems: 1 })
  read('a', { tools: ['1', '2'] })
  const cursor = bend(page('tools').next ?? expect.unreachable('there is a second page'))
  expect(page('tools', cursor).code).toBe(-32602)
})

test('a cursor is good for its caller, its address and its list only [tools/list/cursor] [features/cursor]', async () => {
  const { read, page } = await openTestViews({ pageItems: 1, endpoint: { servers: ['a'] } })
  const lists = { tools: ['1', '2'], prompts: ['1', '2'], resources: ['x:1', 'x:2'] }
  read('a', { ...lists, resourceTemplates: ['x:1', 'x:2'] })
  const { next } = page('tools')
  expect([
    page('tools', next, { principal: testPrincipal('bob') }).code,
    page('tools', next, { scope: 'a' }).code,
    page('tools', next, { scope: 'endpoint/e' }).code,
    page('prompts', next).code,
    page('resources', next).code,
    page('resourceTemplates', page('resources').next).code,
  ]).toEqual([-32602, -32602, -32602, -32602, -32602, -32602])
  expect(page('tools', next).names).toEqual(['a__2'])
})

test.each(['{}', '{"cursor":null}', '{"_meta":{}}'])(
  '%s asks for the first page',
  async (params) => {
    const { read, views } = await openTestViews({ pageItems: 1 })
    read('a', { tools: ['1', '2'] })
    const text = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":${params}}`
    const { answer } = views.answerList(testExchange(text), 'tools', 1)
    expect(JSON.parse(wholeAnswer(answer).toString()).result.tools).toEqual([{ name: 'a__1' }])
  },
)

test('a tool whose header declaration is invalid is left out for modern clients and kept for legacy [tools/list/bad-header-declaration]', async () => {
  const { read, page } = await openTestViews()
  const inputSchema = { properties: { x: { type: 'array', 'x-mcp-header': 'X' } } }
  read('a', { tools: ['good', { name: 'bad', inputSchema }] })
  expect(page('tools', undefined, { era: 'modern' }).names).toEqual(['a__good'])
  expect(page('tools', undefined, { era: 'legacy' }).names).toEqual(['a__bad', 'a__good'])
  expect(page('tools', undefined, { era: 'modern', scope: 'a' }).names).toEqual(['good'])
})

test.each(KINDS)(
  'a modern list of %s carries cache hints and who we are, a legacy one does not [tools/list/cache-hints] [features/cache-hints]',
  async (kind) => {
    const { read, page } = await openTestViews()
    read('a', { [kind]: ['x:1'] })
    expect(page(kind, undefined, { era: 'modern' }).rest).toMatchObject({
      resultType: 'complete',
      ttlMs: 10_000,
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'sallyport', version: '1' } },
    })
    expect(Object.keys(page(kind, undefined, { era: 'legacy' }).rest)).toEqual(['_meta'])
  },
)

test.each(KINDS)(
  'a list of %s says of every server what became of it, and is of all that are known [features/sources]',
  async (kind) => {
    const { read, page, states } = await openTestViews({ states: { b: 'degraded', c: 'cold' } })
    read('b', { [kind]: ['x:1', 'x:2'] })
    read('a', { [kind]: ['y:1'] })
    read('a', { [kind]: [] })
    const at = '1970-01-01T00:00:00.000Z'
    const sources = [
      { server: 'a', state: 'degraded', [kind]: 1, at },
      { server: 'b', state: 'degraded', [kind]: 2, at },
      { server: 'c', state: 'cold', [kind]: 0, at: null },
    ]
    expect(page(kind)).toMatchObject({ sources, names: { length: 3 } })
    states['c'] = 'starting'
    read('a', { [kind]: ['y:1'] })
    const [a, b, c] = sources
    expect(page(kind).sources).toEqual([{ ...a, state: 'ready' }, b, { ...c, state: 'starting' }])
    states['b'] = 'ready'
    expect(page(kind).sources).toMatchObject([{}, { state: 'ready' }, {}])
  },
)

test.each(KINDS)('lists of %s follow the catalogue, in both eras and every scope', async (kind) => {
  const { read, page } = await openTestViews({ endpoint: { servers: ['a'] } })
  const seen = () =>
    ['', 'a', 'endpoint/e'].flatMap((scope) =>
      (['legacy', 'modern'] as const).map(
        (era) => page(kind, undefined, { scope, era }).names.length,
      ),
    )
  expect(seen()).toEqual([0, 0, 0, 0, 0, 0])
  read('a', { [kind]: ['x:1'] })
  expect(seen()).toEqual([1, 1, 1, 1, 1, 1])
  read('a', { [kind]: ['x:1', 'x:2'] })
  expect(seen()).toEqual([2, 2, 2, 2, 2, 2])
})

test('the same list is the same bytes for everyone who may see it [features/list/everyone]', async () => {
  const { read, page } = await openTestViews()
  read('a', { tools: ['1'], prompts: ['p'] })
  const first = page('tools').text
  page('tools', undefined, { principal: testPrincipal('bob'), era: 'modern' })
  page('prompts')
  expect(page('tools', undefined, { principal: testPrincipal('bob') }).text).toBe(first)
})

test('an entry is carried byte for byte, with only its name or URI changed [tools/list/bytes] [features/bytes]', async () => {
  const { catalogue, page } = await openTestViews()
  const entry = (key: string, value: string) =>
    `{ "z":1.0e2,"${key}":"${value}", "n":12345678901234567890,"u":"\\u00e9😀","x":{"a":[1 ,{}]},"icons":[{"src":"data:,"}]}`
  for (const [kind, key] of [
    ['tools', 'name'],
    ['prompts', 'name'],
    ['resources', 'uri'],
    ['resourceTemplates', 'uriTemplate'],
  ] as const) {
    for (const server of ['a', 'b']) {
      catalogue.onList(server, kind, [Buffer.from(`{"${kind}":[ ${entry(key, 'x:1')} ]}`)])
    }
    const shown = key === 'name' ? 'a__x:1' : 'a+x:1'
    expect(page(kind).text).toContain(entry(key, shown))
    expect(page(kind, undefined, { scope: 'a' }).text).toContain(entry(key, 'x:1'))
  }
})
