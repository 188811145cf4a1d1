import { chmod, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deploymentOf, Place } from '../../test/fixtures/deployment.ts'
import { findFiles } from './files.ts'

const FILES = {
  'a.txt': '',
  'b/c.txt': '',
  'b/d/e.txt': '',
  '.git/config': '',
  'node_modules/x/index.js': '',
}

test('near files come first, and packages and git are left out [check/files/modes]', async () => {
  await using place = await Place.make(FILES)
  await symlink('..', join(place.folder, 'b/up'))
  const found = await findFiles(deploymentOf(place.folder), AbortSignal.timeout(5_000), 100)
  expect(found.entries.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    'a.txt file',
    'b folder',
    'b/c.txt file',
    'b/d folder',
    'b/up link',
    'b/d/e.txt file',
  ])
  expect(found).toMatchObject({ cut: false, unreadable: [] })
})

test('a walk ends at its bound and says so; one that fits exactly does not [check/files/modes]', async () => {
  await using place = await Place.make(FILES)
  const deployment = deploymentOf(place.folder)
  const walk = (most: number) => findFiles(deployment, AbortSignal.timeout(5_000), most)
  expect((await walk(5)).cut).toBe(false)
  const cut = await walk(4)
  expect(cut.entries).toHaveLength(4)
  expect(cut.cut).toBe(true)
})

test('folders that are not there, or not for this user, are told [check/files/modes]', async () => {
  await using place = await Place.make({ 'closed/x': '' })
  const folders = ['.', 'gone']
  const deployment = deploymentOf(place.folder, { checklist: { folders } })
  await chmod(join(place.folder, 'closed'), 0o000)
  try {
    const { unreadable } = await findFiles(deployment, AbortSignal.timeout(5_000), 100)
    const closed = process.getuid?.() === 0 ? [] : ['closed (EACCES)']
    expect(unreadable.toSorted()).toEqual([...closed, 'gone (ENOENT)'])
  } finally {
    await chmod(join(place.folder, 'closed'), 0o700)
  }
})

test('a walk that nobody waits for any more ends', async () => {
  await using place = await Place.make(FILES)
  const walking = findFiles(deploymentOf(place.folder), AbortSignal.abort(new Error('over')), 100)
  await expect(walking).rejects.toThrow('over')
})
