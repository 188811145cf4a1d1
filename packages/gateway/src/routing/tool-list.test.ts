import { ManualClock } from '@sallyport/kit/clock'
import { MasterKeys, Sealer } from '@sallyport/kit/crypto'
import { silentLog } from '@sallyport/kit/log'
import { wholeAnswer } from '@sallyport/kit/mcp'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import {
  parsed,
  testExchange,
  type TestExchangeOptions,
  testPrincipal,
  testServer,
} from '../call/testing-call.ts'
import type { ServerStatus } from '../upstreams/upstream.ts'
import { Catalogue } from './catalogue.ts'
import { ToolList } from './tool-list.ts'

const FACE = { serverInfo: { name: 'sallyport', version: '1' }, capabilities: {}, ttlMs: 10_000 }
const SEALER = new Sealer(MasterKeys.parse([new Secret('ab'.repeat(32))]), 'mcp')

const READY: ServerStatus = {
  name: 'b',
  kind: 'stdio',
  state: 'ready',
  reason: null,
  pids: [1],
  era: 'legacy',
  inFlight: 0,
}

async function openList(pageTools = 100) {
  const catalogue = await Catalogue.open({
    servers: { b: testServer('b'), a: testServer('a'), c: testServer('c') },
    fingerprintOf: ({ name }) => name,
    store: {
      readCatalogues: async () => [],
      writeCatalogue: async () => undefined,
      readEras: async () => [],
      writeEra: async () => undefined,
    },
    clock: new ManualClock(0),
    log: silentLog,
  })
  const list = new ToolList({ catalogue, status: () => [READY], sealer: SEALER, pageTools })
  const read = (server: string, ...tools: (string | object)[]) => {
    const described = tools.map((tool) => (typeof tool === 'string' ? { name: tool } : tool))
    catalogue.replace(server, [Buffer.from(JSON.stringify({ tools: described }))])
  }
  const ask = (params: string | undefined, options?: TestExchangeOptions) => {
    const tail = params === undefined ? '' : `,"params":${params}`
    const exchange = testExchange(`{"jsonrpc":"2.0","id":1,"method":"tools/list"${tail}}`, options)
    return list.answer(exchange, FACE)
  }
  const page = (cursor?: unknown, options?: TestExchangeOptions): Page => {
    const params = cursor === undefined ? undefined : JSON.stringify({ cursor })
    const { error, result } = parsed(wholeAnswer(ask(params, options).answer))
    if (error) return { names: [], code: error.code, next: undefined, rest: {} }
    const { tools, nextCursor, ...rest } = result as unknown as Listed // an answer of the list
    return { names: tools.map(({ name }) => name), code: undefined, next: nextCursor, rest }
  }
  return { catalogue, list, read, ask, page }
}

interface Listed {
  readonly tools: readonly { readonly name: string }[]
  readonly nextCursor?: string
  readonly [key: string]: unknown
}

interface Page {
  readonly names: readonly string[]
  readonly code: number | undefined
  readonly next: string | undefined
  readonly rest: Readonly<Record<string, unknown>>
}

test('the order is that of public names, whichever server was read first [tools/list/order]', async () => {
  const { read, page } = await openList()
  read('b', 'z', 'Y', 'x')
  read('a', 'm', 'b')
  expect(page().names).toEqual(['a__b', 'a__m', 'b__Y', 'b__x', 'b__z'])
  read('b', 'x', 'z', 'Y')
  expect(page().names).toEqual(['a__b', 'a__m', 'b__Y', 'b__x', 'b__z'])
})

test("under one server's address there are its tools only, by their own names [tools/one-server]", async () => {
  const { read, page } = await openList()
  read('a', 'm')
  read('b', 'z')
  const { names, rest } = page(undefined, { scope: 'b' })
  expect(names).toEqual(['z'])
  expect(rest['_meta']).toMatchObject({ 'dev.sallyport/sources': [{ server: 'b' }] })
})

test('pages hold every tool once, in order, and the last one says so [tools/list/pages]', async () => {
  const { read, page } = await openList(2)
  read('a', '1', '2', '3')
  read('b', '4', '5')
  const pages: (readonly string[])[] = []
  let cursor: string | undefined
  do {
    const { names, next } = page(cursor)
    pages.push(names)
    cursor = next
  } while (cursor !== undefined)
  expect(pages).toEqual([['a__1', 'a__2'], ['a__3', 'b__4'], ['b__5']])
})

test('a list that fills its last page exactly has no further one', async () => {
  const { read, page } = await openList(2)
  read('a', '1', '2')
  expect(page()).toMatchObject({ names: ['a__1', 'a__2'], next: undefined })
})

test('a cursor goes on where it stood while tools come and go', async () => {
  const { read, page } = await openList(2)
  read('a', '1', '2', '4')
  const { next } = page()
  read('a', '0', '1', '3', '4')
  expect(page(next).names).toEqual(['a__3', 'a__4'])
  read('a', '0')
  expect(page(next)).toMatchObject({ names: [], code: undefined, next: undefined })
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
  const { read, page, ask } = await openList(1)
  read('a', '1', '2')
  const cursor = bend(page().next ?? expect.unreachable('there is a second page'))
  expect(page(cursor).code).toBe(-32602)
  expect(ask(JSON.stringify({ cursor }))).toMatchObject({ outcome: 'refused', code: '-32602' })
})

test('a cursor is good for its caller and its address only [tools/list/cursor]', async () => {
  const { read, page } = await openList(1)
  read('a', '1', '2')
  const { next } = page()
  expect(page(next, { principal: testPrincipal('bob') }).code).toBe(-32602)
  expect(page(next, { scope: 'a' }).code).toBe(-32602)
  expect(page(next).names).toEqual(['a__2'])
})

test.each(['{}', '{"cursor":null}', '{"_meta":{}}'])(
  '%s asks for the first page',
  async (params) => {
    const { read, ask } = await openList(1)
    read('a', '1', '2')
    expect(parsed(wholeAnswer(ask(params).answer)).result).toMatchObject({
      tools: [{ name: 'a__1' }],
    })
  },
)

test('a tool whose header declaration is invalid is left out for modern clients and kept for legacy [tools/list/bad-header-declaration]', async () => {
  const { read, page } = await openList()
  const inputSchema = { properties: { x: { type: 'array', 'x-mcp-header': 'X' } } }
  read('a', 'good', { name: 'bad', inputSchema })
  expect(page(undefined, { era: 'modern' }).names).toEqual(['a__good'])
  expect(page(undefined, { era: 'legacy' }).names).toEqual(['a__bad', 'a__good'])
})

test('a modern list carries cache hints and who we are, a legacy one does not [tools/list/cache-hints]', async () => {
  const { read, page } = await openList()
  read('a', '1')
  expect(page(undefined, { era: 'modern' }).rest).toMatchObject({
    resultType: 'complete',
    ttlMs: 10_000,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': FACE.serverInfo },
  })
  expect(Object.keys(page(undefined, { era: 'legacy' }).rest)).toEqual(['_meta'])
})

test('a list says of every server what became of it [tools/list/patience]', async () => {
  const { read, list } = await openList()
  read('b', '1', '2')
  read('a', '1')
  read('a')
  expect(list.sources('')).toEqual([
    { server: 'a', state: 'degraded', tools: 1, at: '1970-01-01T00:00:00.000Z' },
    { server: 'b', state: 'ready', tools: 2, at: '1970-01-01T00:00:00.000Z' },
    { server: 'c', state: 'cold', tools: 0, at: null },
  ])
})

test("a list's first page follows the catalogue", async () => {
  const { read, page } = await openList()
  expect(page().names).toEqual([])
  read('a', '1')
  expect(page().names).toEqual(['a__1'])
})
