import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { watchFiles } from './watch-files.ts'

async function watched() {
  const folder = mkdtempSync(join(tmpdir(), 'watch-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'a.yaml')
  writeFileSync(file, 'one')
  let changes = 0
  const options = { files: () => [file], onChange: () => void (changes += 1), everyMs: 15 }
  const watch = await watchFiles(options)
  onTestFinished(() => watch[Symbol.dispose]())
  return { folder, file, watch, changes: () => changes }
}

test('a change is told once, a second one again', async () => {
  const { file, changes } = await watched()
  writeFileSync(file, 'another')
  await vi.waitFor(() => expect(changes()).toBe(1))
  writeFileSync(file, 'and another')
  await vi.waitFor(() => expect(changes()).toBe(2))
})

test('a file that goes and one that takes its place are changes', async () => {
  const { folder, file, changes } = await watched()
  unlinkSync(file)
  await vi.waitFor(() => expect(changes()).toBe(1))
  const next = join(folder, 'next.yaml')
  writeFileSync(next, 'one')
  renameSync(next, file)
  await vi.waitFor(() => expect(changes()).toBe(2))
})

test('a link that moves is a change, as mounted configurations make it', async () => {
  const { folder, file, changes } = await watched()
  const link = join(folder, 'link.yaml')
  const other = join(folder, 'b.yaml')
  writeFileSync(other, 'two')
  symlinkSync(file, link)
  let moved = 0
  using _watch = await watchFiles({
    files: () => [link],
    onChange: () => void (moved += 1),
    everyMs: 15,
  })
  symlinkSync(other, `${link}.new`)
  renameSync(`${link}.new`, link)
  await vi.waitFor(() => expect(moved).toBe(1))
  expect(changes()).toBe(0)
})

test('nothing is told once it is disposed', async () => {
  const { file, watch, changes } = await watched()
  const other = await watched()
  watch[Symbol.dispose]()
  writeFileSync(file, 'another')
  writeFileSync(other.file, 'another')
  await vi.waitFor(() => expect(other.changes()).toBe(1))
  expect(changes()).toBe(0)
})
