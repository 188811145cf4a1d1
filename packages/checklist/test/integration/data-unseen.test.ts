import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { quickCheck } from '../../src/looks/quick-check.ts'
import { deploymentOf, Place } from '../fixtures/deployment.ts'
import { idsIn, lookAll, textOf } from '../fixtures/family.ts'
import { STORE_ANSWERS, StorePlace } from '../fixtures/store-place.ts'

const { 'backups/schedule': _apart, ...LOOKED_AT } = STORE_ANSWERS

test('backups deeper than is looked prove nothing of all of them [check/backups/encrypted] [check/store/master-key]', async () => {
  await using place = await StorePlace.make()
  await mkdir(join(place.backups, 'a/b/c/d/e/f'), { recursive: true })
  const found = await lookAll(LOOKED_AT, ['backups', 'store'], place.deployment())
  expect(idsIn(found, 'failed')).toEqual([])
  const backups = Object.keys(LOOKED_AT).filter((id) => id.startsWith('backups/'))
  expect(idsIn(found, 'unproved')).toEqual([...backups.sort(), 'store/master-key'])
  expect(textOf(found, 'backups/recent')).toBe(
    `${place.backups} holds more, or deeper, than the 3 backups that were looked at`,
  )
})

test('more kinds of backups than are opened and compared are not all said to be fine [check/backups/restorable] [check/backups/offsite]', async () => {
  await using place = await StorePlace.make()
  for (let kind = 0; kind < 11; kind += 1) {
    const name = `${String.fromCharCode(97 + kind)}x.age`
    const bytes = Buffer.concat([Buffer.from('age-encryption.org/v1\n'), Buffer.alloc(9_000, 'x')])
    await writeFile(join(place.backups, name), bytes)
    await writeFile(join(place.offsite, name), bytes)
  }
  const found = await lookAll(LOOKED_AT, ['backups'], place.deployment())
  expect(idsIn(found, 'unproved')).toEqual(['backups/offsite', 'backups/restorable'])
  expect(textOf(found, 'backups/offsite')).toBe('only 10 of 12 kinds of backups are compared')
  expect(textOf(found, 'backups/restorable')).toBe('only 10 of 12 kinds of backups are opened')
})

test('a check of a store that does not come to its end finds no damage [check/store/integrity]', async () => {
  await using place = await StorePlace.make()
  const deployment = place.deployment()
  const stop = new AbortController().signal
  const sound = await quickCheck(deployment, place.store, stop)
  expect(sound.verdict).toBe('sound')
  await writeFile(join(place.folder, 'no.db'), 'x'.repeat(5_000))
  const none = await quickCheck(deployment, join(place.folder, 'no.db'), stop)
  expect(none).toEqual({
    verdict: 'damaged',
    text: `${join(place.folder, 'no.db')} is damaged: file is not a database`,
  })
  // A folder is what SQLite can open no more than a file that it may not read.
  await mkdir(join(place.folder, 'folder.db'))
  const folder = await quickCheck(deployment, join(place.folder, 'folder.db'), stop)
  expect(folder.verdict).toBe('unknown')
})

test('a PostgreSQL and a Redis that are found do not speak for those that cannot be seen [check/redis/not-published]', async () => {
  const compose = 'include: ["oci://example.com/more"]\nservices:\n  cache: { image: "redis:7" }\n'
  await using place = await Place.make({ 'compose.yaml': compose })
  const deployment = deploymentOf(place.folder, {}, { variables: { PATH: '' } })
  const found = await lookAll(LOOKED_AT, ['redis'], deployment)
  expect(found.get('redis/not-published')?.state).toBe('unproved')
  expect(textOf(found, 'redis/not-published')).toContain('`include`')
})
