import { systemClock } from '@sallyport/kit/clock'
import { scanReply } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { ListReader } from './list-reader.ts'
import type { Exchange, Session } from './session.ts'

interface Page {
  readonly result?: object
  readonly error?: object
}

/** A session that answers `tools/list` from a function of the cursor. */
function fakeSession(page: (cursor: string | undefined) => Page): Session & { asked: number } {
  const answer = (exchange: Exchange): void => {
    session.asked += 1
    const wire = { id: session.asked, era: 'legacy', version: '2025-11-25' } as const
    const request = JSON.parse(exchange.request.encode(wire).toString()) as {
      params: { cursor?: string }
    }
    const body = { jsonrpc: '2.0', id: wire.id, ...page(request.params.cursor) }
    const message = scanReply(Buffer.from(JSON.stringify(body)))
    if (message === undefined) throw new Error('not a message')
    setImmediate(() => exchange.succeed(message))
  }
  const session = {
    ...({
      era: 'legacy',
      version: '2025-11-25',
      pid: undefined,
      heard: 0,
      lost: undefined,
      lastWords: [],
    } as const),
    asked: 0,
    send: answer,
    adopt: () => undefined,
    cancel: () => undefined,
    notify: () => Promise.resolve(),
    listen: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  }
  return session
}

function reader(bytesMax = 10_000): { reader: ListReader; reads: string[]; end(): void } {
  const ending = new AbortController()
  const reads: string[] = []
  const options = {
    kind: 'tools' as const,
    clientInfo: { name: 'test', version: '0' },
    ...{ bytesMax, pageMs: () => 1_000, signal: ending.signal, clock: systemClock },
    onRead: (pages: readonly Buffer[], tools: number) =>
      void reads.push(`${pages.length} pages ${tools} tools`),
  }
  return { reader: new ListReader(options), reads, end: () => ending.abort() }
}

const tool = { name: 'a' }

test.each([
  ['an error', { error: { code: -32_601, message: 'no' } }, 'server_protocol'],
  ['no list', { result: {} }, 'server_protocol'],
  ['a list that is none', { result: { tools: {} } }, 'server_protocol'],
  ['more bytes than allowed', { result: { tools: ['x'.repeat(10_000)] } }, 'result_too_large'],
])('a list answered with %s is not handed over', async (_case, page, code) => {
  const { reader: catalogue, reads } = reader()
  await expect(catalogue.read(fakeSession(() => page))).rejects.toMatchObject({ code })
  expect([reads, catalogue.hasRead]).toEqual([[], false])
})

test('a list of 100 pages is read, one of 101 is refused', async () => {
  const pages = (count: number): Session =>
    fakeSession((cursor = '1') => {
      const next = Number(cursor) + 1
      return { result: { tools: [tool], ...(next > count ? {} : { nextCursor: String(next) }) } }
    })
  const { reader: catalogue, reads } = reader()
  await catalogue.read(pages(100))
  await expect(catalogue.read(pages(101))).rejects.toMatchObject({ code: 'result_too_large' })
  expect(reads).toEqual(['100 pages 100 tools'])
})

test.each([
  ['repeats itself', 'same'],
  ['is empty', ''],
  ['is no text', 7],
])('a cursor that %s ends the list', async (_case, nextCursor) => {
  const { reader: catalogue, reads } = reader()
  await catalogue.read(fakeSession(() => ({ result: { tools: [tool], nextCursor } })))
  expect(reads).toHaveLength(1)
})

test('any number of wishes during a read and just after it are one more read', async () => {
  const { reader: catalogue, reads } = reader()
  const session = fakeSession(() => ({ result: { tools: [tool] } }))
  const first = catalogue.read(session)
  const wishes = Array.from({ length: 50 }, () => catalogue.read(session))
  await first
  wishes.push(catalogue.read(session))
  await Promise.all(wishes)
  expect([reads.length, session.asked]).toEqual([2, 2])
})

test('a wish that waits ends with the server', async () => {
  const { reader: catalogue, end } = reader()
  const session = fakeSession(() => ({ result: { tools: [] } }))
  await catalogue.read(session)
  await catalogue.read(session)
  const wish = catalogue.read(session)
  end()
  await expect(wish).rejects.toThrow()
  expect(session.asked).toBe(2)
})

test('the first change after a start is read at once, the next half a second later', async () => {
  const { reader: catalogue } = reader()
  const session = fakeSession(() => ({ result: { tools: [tool] } }))
  await catalogue.read(session)
  const beganMs = performance.now()
  await catalogue.read(session)
  expect(performance.now() - beganMs).toBeLessThan(250)
  await catalogue.read(session)
  expect(performance.now() - beganMs).toBeGreaterThan(450)
})
