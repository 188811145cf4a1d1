import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { prepareSocketFolder, socketPathOf } from './socket-path.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-')))
const place = { platform: 'linux', uid: userInfo().uid, runtimeFolder: folder }
const longBase = join('/', 'x'.repeat(60), 'y'.repeat(60), 'sallyport.db')

afterAll(() => rmSync(folder, { recursive: true }))

test('lies beside the store', () => {
  expect(socketPathOf(join(folder, 'a.db'), place)).toBe(join(folder, 'a.db.sock'))
})

test('is the same through a symbolic link and a relative path', () => {
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  const direct = socketPathOf(join(folder, 'real', 'a.db'), place)
  expect(socketPathOf(join(folder, 'link', 'a.db'), place)).toBe(direct)
  expect(socketPathOf(join(folder, 'link', '..', 'real', 'a.db'), place)).toBe(direct)
})

test('fits 103 bytes however long the path of the store is', () => {
  const stays = `/${'x'.repeat(97)}`
  expect(socketPathOf(stays, place)).toBe(`${stays}.sock`)
  expect(socketPathOf(`${stays}x`, place)).toMatch(/\/sallyport-\d+\/[0-9a-f]{24}\.sock$/)
  expect(socketPathOf(`${stays}y`, place)).not.toBe(socketPathOf(`${stays}x`, place))
})

test('is a named pipe on Windows', () => {
  expect(socketPathOf('a.db', { ...place, platform: 'win32' })).toMatch(
    /^\\\\\.\\pipe\\sallyport-[0-9a-f]{24}$/,
  )
})

test('makes a folder for this user alone and refuses one that others can enter', () => {
  const path = socketPathOf(longBase, place)
  prepareSocketFolder(longBase, path, place)
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  prepareSocketFolder(longBase, path, place)
  chmodSync(dirname(path), 0o755)
  expect(() => prepareSocketFolder(longBase, path, place)).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  )
  chmodSync(dirname(path), 0o700)
  expect(() => prepareSocketFolder(longBase, path, { ...place, uid: place.uid + 1 })).toThrow()
})

test('refuses a folder that is a symbolic link', () => {
  const other = { ...place, runtimeFolder: join(folder, 'other') }
  const path = socketPathOf(longBase, other)
  mkdirSync(other.runtimeFolder)
  symlinkSync(join(folder, 'real'), dirname(path))
  expect(() => prepareSocketFolder(longBase, path, other)).toThrow('mode 700')
})
