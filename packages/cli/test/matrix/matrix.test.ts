import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXCEPTIONS, exceptionOf } from './exceptions.ts'
import { cellKey, compatibilityPage } from './page.ts'
import { CLIENTS, FEATURES, Matrix } from './run.ts'
import { KINDS } from './servers.ts'

const PAGE = new URL('../../../../docs/compatibility.md', import.meta.url)

let matrix: Matrix
/** On a busy machine; alone, all of them take a quarter of it. */
const PAIR_MS = 60_000
const measured = new Map<string, boolean>()
beforeAll(async () => {
  matrix = await Matrix.start()
})
afterAll(async () => {
  await matrix[Symbol.asyncDispose]()
})

describe.each(KINDS)('$title', (server) => {
  test.each(CLIENTS)(
    'every feature reaches $title, but what cannot exist [compatibility/matrix]',
    async (client) => {
      const outcomes = await matrix.pair(client, server.name)
      const wrong: string[] = []
      for (const [feature, outcome] of outcomes) {
        measured.set(cellKey(client.name, server.name, feature), outcome === undefined)
        const exception = exceptionOf(feature, client.name, server.name)
        if (!exception && outcome) wrong.push(`${feature}: ${outcome.message}`)
        if (exception && !outcome) wrong.push(`${feature} works, though: ${exception.reason}`)
      }
      expect(wrong).toEqual([])
    },
    PAIR_MS,
  )
})

test('every exception names a feature, clients and servers that there are', () => {
  const known = (names: readonly string[] | undefined, all: readonly { name: string }[]): boolean =>
    names?.every((name) => all.some((one) => one.name === name)) ?? true
  const stale = EXCEPTIONS.filter(
    ({ feature, clients, servers }) =>
      !FEATURES.some(({ id }) => id === feature) ||
      !known(clients, CLIENTS) ||
      !known(servers, KINDS),
  )
  expect(stale).toEqual([])
})

test('docs/compatibility.md says what was measured [compatibility/matrix]', async () => {
  expect(measured.size).toBe(CLIENTS.length * KINDS.length * FEATURES.length)
  const page = compatibilityPage(measured)
  if (process.env['MATRIX_WRITE'] === '1') await writeFile(PAGE, page)
  const hint = 'run this test with MATRIX_WRITE=1 to write it'
  expect(await readFile(PAGE, 'utf8').catch(() => ''), hint).toBe(page)
})
