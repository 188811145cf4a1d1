import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readTextKey } from './read-text-key.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'sallyport-'))
afterAll(() => rmSync(FOLDER, { recursive: true }))

function read(text: string, name = 'sallyport.yaml'): string | undefined {
  const file = join(FOLDER, name)
  writeFileSync(file, text)
  return readTextKey(file, 'store', { DB: 'sqlite:./b.db' })
}

test.each([
  ['a whole file', 'store: sqlite:./a.db\n', 'sqlite:./a.db'],
  ['an open bracket before it', 'listen: {\nstore: sqlite:./a.db\n', 'sqlite:./a.db'],
  ['an open bracket after it', 'store: sqlite:./a.db\na: { b: x\n', 'sqlite:./a.db'],
  ['bad indentation', 'm:\n  a:\n   b: 1\n  - c\nstore: sqlite:./a.db\n', 'sqlite:./a.db'],
  ['a tab', 'store: sqlite:./a.db\nm:\n\t- a\n', 'sqlite:./a.db'],
  ['a reference', 'store: "${env:DB}"\nlisten: "\n', 'sqlite:./b.db'],
  ['a reference to nothing', 'store: "${env:ABSENT}"\n', undefined],
  ['a value of another kind', 'store: [1]\n', undefined],
  ['no such key', 'listen: 1\n', undefined],
  ['no map', '- store\n', undefined],
  ['no text', '', undefined],
  ['brackets thousands deep', '['.repeat(20_000), undefined],
])('of a file with %s it reads what is there', (_case, text, found) => {
  expect(read(text)).toBe(found)
})

test('reads JSON with comments, and nothing where there is no file', () => {
  expect(read('{ // here\n "store": "sqlite:./a.db", }', 'a.json')).toBe('sqlite:./a.db')
  expect(readTextKey(join(FOLDER, 'absent'), 'store', {})).toBeUndefined()
})
