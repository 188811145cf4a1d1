import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { uploadContent } from './upload-content.ts'

const RULE = { bytesMax: 10, kinds: ['txt', 'md'], folder: undefined }

test('text and base64 become the bytes that they are', async () => {
  expect(await uploadContent({ file_name: 'a.txt', text: 'hé' }, RULE)).toEqual({
    name: 'a.txt',
    bytes: Buffer.from('hé'),
  })
  const { bytes } = await uploadContent({ file_name: 'A.MD', base64: 'AAEC' }, RULE)
  expect(bytes).toEqual(Buffer.of(0, 1, 2))
})

test.each([
  ['nothing', { file_name: 'a.txt' }, 'request_invalid'],
  ['two things', { file_name: 'a.txt', text: 'x', base64: 'AAEC' }, 'request_invalid'],
  ['no name', { text: 'x' }, 'request_invalid'],
  ['an empty file', { file_name: 'a.txt', text: '' }, 'request_invalid'],
  ['a name with a folder', { file_name: '../a.txt', text: 'x' }, 'request_invalid'],
  ['a hidden name', { file_name: '.txt', text: 'x' }, 'request_invalid'],
  [
    'a name that is turned around',
    { file_name: 'a\u202etxt.exe.txt', text: 'x' },
    'request_invalid',
  ],
  ['base64 that is none', { file_name: 'a.txt', base64: 'AA-_' }, 'request_invalid'],
  ['another kind', { file_name: 'a.exe', text: 'x' }, 'slack_write_refused'],
  ['a kind before another', { file_name: 'a.txt.exe', text: 'x' }, 'slack_write_refused'],
  ['no kind', { file_name: 'txt', text: 'x' }, 'slack_write_refused'],
  ['too much', { file_name: 'a.txt', text: 'x'.repeat(11) }, 'request_too_large'],
  ['a path where there is no folder', { path: 'a.txt' }, 'slack_write_refused'],
] as const)('%s is refused [slack/write/uploads]', async (_case, given, code) => {
  await expect(uploadContent(given, RULE)).rejects.toMatchObject({ code, outcome: 'not_sent' })
})

test('only plain files of the folder are read, whatever leads to them [slack/write/uploads]', async () => {
  const base = await mkdtemp(join(tmpdir(), 'uploads-'))
  onTestFinished(() => rm(base, { recursive: true }))
  const folder = join(base, 'out')
  await mkdir(join(folder, 'deep'), { recursive: true })
  await mkdir(join(folder, '.git'))
  await mkdir(join(folder, 'folder.txt'))
  await mkdir(join(base, 'out2'))
  await Promise.all([
    ...[join(folder, 'a.txt'), join(folder, 'deep', 'b.md'), join(base, 'secret.txt')].map((path) =>
      writeFile(path, 'content'),
    ),
    writeFile(join(folder, '.git', 'c.txt'), 'x'),
    writeFile(join(folder, 'key.pem'), 'x'),
    writeFile(join(folder, 'big.txt'), 'x'.repeat(11)),
    writeFile(join(base, 'out2', 'd.txt'), 'x'),
  ])
  await symlink(join(base, 'secret.txt'), join(folder, 'link.txt'))
  await symlink(join(folder, 'key.pem'), join(folder, 'key.txt'))
  await symlink(base, join(folder, 'up'))
  const rule = { ...RULE, folder }
  const read = (path: string, name?: string) => uploadContent({ path, file_name: name }, rule)
  expect(await read('a.txt')).toEqual({ name: 'a.txt', bytes: Buffer.from('content') })
  expect((await read('deep/../deep/b.md', 'c.txt')).name).toBe('c.txt')
  for (const path of [
    ...['../secret.txt', 'link.txt', 'up/secret.txt', '../out2/d.txt', '.git/c.txt'],
    ...['folder.txt', 'none.txt', join(folder, 'a.txt'), 'a.txt\0.txt'],
  ]) {
    await expect(read(path, 'a.txt')).rejects.toMatchObject({ code: 'request_invalid' })
  }
  for (const path of ['key.txt', 'key.pem']) {
    await expect(read(path, 'a.txt')).rejects.toMatchObject({ code: 'slack_write_refused' })
  }
  await expect(read('big.txt')).rejects.toMatchObject({ code: 'request_too_large' })
})
