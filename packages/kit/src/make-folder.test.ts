import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-folder-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('refuses a folder below a file', () => {
  const folder = scratch()
  writeFileSync(join(folder, 'file'), '')
  expect(() => makeFolder(join(folder, 'file'))).toThrow('EEXIST')
  expect(() => makeFolder(join(folder, 'file', 'a', 'b'))).toThrow('ENOTDIR')
})

test.runIf(process.platform === 'linux')('comes back from where no folder can be made', () => {
  expect(() => makeFolder('/proc/sallyport/a/b')).toThrow('ENOENT')
})

test('makes what is missing for this user alone, and leaves the rest as it is', () => {
  const folder = scratch()
  mkdirSync(join(folder, 'old'), { mode: 0o755 })
  const before = statSync(join(folder, 'old')).mode
  makeFolder(join(folder, 'old', 'a', 'b'))
  makeFolder(join(folder, 'old', 'a', 'b'))
  const modes = ['old/a', 'old/a/b'].map((name) => statSync(join(folder, name)).mode & 0o777)
  expect([statSync(join(folder, 'old')).mode, ...modes]).toEqual([before, 0o700, 0o700])
})
