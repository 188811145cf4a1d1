import { adminError, generationList, serverList, usageList } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import type { Operations, ServerView } from '../../src/operations.ts'
import { openFixture } from './admin-fixture.ts'

type Fixture = Awaited<ReturnType<typeof openFixture>>

function get(fixture: Fixture, url: string) {
  return fixture.ask(`/api/v1/${url}`, { key: fixture.adminKey })
}

test.each([
  ['servers', serverList, ['backup', 'files', 'search']],
  ['config/history', generationList, [2, 1]],
  ['usage', usageList, ['key:abcdefgh']],
] as const)('walks %s page by page [admin-api/paging/stable]', async (url, schema, names) => {
  await using fixture = await openFixture()
  const found: unknown[] = []
  let cursor = ''
  do {
    const { items, next } = schema.parse((await get(fixture, `${url}?limit=1${cursor}`)).json)
    expect(items).toHaveLength(1)
    found.push(...items.map((item) => nameOf(item)))
    cursor = next === undefined ? '' : `&cursor=${next}`
  } while (cursor !== '')
  expect(found).toEqual(names)
})

function nameOf(item: object): unknown {
  if ('principal' in item) return item.principal
  return 'id' in item ? item.id : 'name' in item && item.name
}

const LISTS = ['servers', 'groups', 'usage', 'config/history'] as const
const BAD = ['limit=0', 'limit=501', 'limit=-1', 'limit=1e2', 'limit=1&limit=2', 'limit=', 'page=2']
const BAD_CURSORS = ['cursor=', 'cursor=x', 'cursor=MTph%3D', "cursor='%20or%201=1--"]

test.each(LISTS.flatMap((list) => [...BAD, ...BAD_CURSORS].map((query) => [list, query])))(
  'refuses %s?%s and says why [admin-api/paging/cursor]',
  async (list, query) => {
    await using fixture = await openFixture()
    const answer = await get(fixture, `${list}?${query}`)
    expect(answer.status).toBe(400)
    expect(adminError.parse(answer.json).error.code).toBe('request_invalid')
  },
)

test('lists 200 servers in under 50 ms [admin-api/paging/fast]', async () => {
  await using plain = await openFixture()
  const first = plain.operations.list()[0] as ServerView // there are three
  const views = Array.from({ length: 200 }, (_, at) => ({
    ...first,
    status: { ...first.status, name: `server-${at}` },
  }))
  const operations = { draining: undefined, list: () => views } as unknown as Operations // two of its parts
  await using fixture = await openFixture({ deps: { operations } })
  await get(fixture, 'servers?limit=500')
  const tookMs = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const atMs = performance.now()
      const { items } = serverList.parse((await get(fixture, 'servers?limit=500')).json)
      expect(items).toHaveLength(200)
      return performance.now() - atMs
    }),
  )
  expect(Math.min(...tookMs)).toBeLessThan(50)
})

test('a cursor that the audit log did not give is an invalid request [admin-api/paging/cursor]', async () => {
  const list = () => Promise.reject(new AppError('usage', 'the cursor is not one of ours'))
  const audit = { list, verify: () => Promise.reject(new Error('not asked')) }
  await using fixture = await openFixture({ deps: { audit } })
  const answer = await get(fixture, 'audit?cursor=x')
  expect(adminError.parse(answer.json).error.code).toBe('request_invalid')
})
