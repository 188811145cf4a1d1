import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBackup, type Opened } from '../../src/looks/backups/open-backup.ts'
import { deploymentOf, Place } from '../fixtures/deployment.ts'
import { ageFile } from '../fixtures/store-place.ts'

let place: Place
beforeAll(async () => {
  place = await Place.make()
})
afterAll(() => place[Symbol.asyncDispose]())

const DUMP = `--\n-- PostgreSQL database dump\n--\n${'select 1;\n'.repeat(2_000)}--\n-- PostgreSQL database dump complete\n--\n`

test.each([
  ['a dump', Buffer.from(DUMP), 'opens'],
  ['a dump without its end', Buffer.from(DUMP.slice(0, 9_000)), 'broken'],
  ['a packed dump', gzipSync(DUMP), 'opens'],
  ['a packed dump that is cut off', gzipSync(randomDump()).subarray(0, 20_000), 'broken'],
  ['a packed dump with a changed byte', changed(gzipSync(randomDump())), 'broken'],
  ['a packed dump without its end', gzipSync(DUMP.slice(0, 9_000)), 'broken'],
  ['a packed nothing', gzipSync(''), 'broken'],
  ['a tar', tarOf('things'), 'opens'],
  ['a tar that is cut off', tarOf('things').subarray(0, 1_500), 'broken'],
  ['an age file', ageFile(200_000), 'sealed'],
  ['an age file without its payload', ageFile(0), 'broken'],
  ['an age file with a cut tag', ageFile(16 + 65_552 + 9), 'broken'],
  ['half a header of age', ageFile(100).subarray(0, 60), 'broken'],
  ['half an armored message', Buffer.from('-----BEGIN PGP MESSAGE-----\n\nhQIMA'), 'broken'],
  ['nothing', Buffer.alloc(0), 'broken'],
  ['notes', Buffer.from('remember to make backups\n'), 'unknown'],
  ['noise', Buffer.concat([Buffer.from([0, 1, 2]), randomBytes(500)]), 'unknown'],
])('%s: %s is judged as it is [check/backups/restorable]', async (_name, bytes, verdict) => {
  expect((await open('backup', bytes)).verdict).toBe(verdict)
})

test('a SQLite file opens, cut off or damaged it does not [check/backups/restorable]', async () => {
  const path = join(place.folder, 'whole.db')
  {
    using database = new DatabaseSync(path)
    database.exec(
      'create table things (a text); insert into things values (hex(randomblob(50000)))',
    )
  }
  const bytes = await readFile(path)
  expect((await open('a.db', bytes)).verdict).toBe('opens')
  expect((await open('b.db', bytes.subarray(0, bytes.length - 4_096))).verdict).toBe('broken')
  const damaged = Buffer.from(bytes)
  randomBytes(4_096).copy(damaged, 4_096)
  expect((await open('c.db', damaged)).verdict).toBe('broken')
})

test('without `pg_restore` an archive is neither whole nor broken', async () => {
  const found = await open('x.dump', Buffer.from('PGDMP\u0001\u000e'), { PATH: '/nowhere' })
  expect(found).toMatchObject({ verdict: 'unknown', text: expect.stringContaining('pg_restore') })
})

describe.runIf(postgresAvailable())('an archive of a real pg_dump', () => {
  test('opens whole, and does not cut off or without entries [check/backups/restorable]', async () => {
    await using server = await startPostgres({ fsync: 'off' })
    const path = join(place.folder, 'real.dump')
    execFileSync('psql', ['-q', '-c', 'create table things (a int)', server.url])
    execFileSync('pg_dump', ['-Fc', '-f', path, server.url])
    const bytes = await readFile(path)
    expect(await open('real.dump', bytes)).toMatchObject({ verdict: 'opens' })
    await truncate(path, 40)
    expect((await open('cut.dump', bytes.subarray(0, 40))).verdict).toBe('broken')
  })
})

async function open(
  name: string,
  bytes: Buffer,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Opened> {
  const path = join(place.folder, name)
  await writeFile(path, bytes)
  const deployment = deploymentOf(place.folder, {}, { variables })
  return openBackup(deployment, path, AbortSignal.timeout(10_000))
}

function randomDump(): string {
  return DUMP.replaceAll('1', () => randomBytes(20).toString('hex'))
}

function changed(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length - 6] = (copy.at(-6) ?? 0) ^ 0xff
  return copy
}

/** One file of 512 bytes, in the form of `ustar`. */
function tarOf(name: string): Buffer {
  const header = Buffer.alloc(512)
  header.write(name)
  header.write('0000644\0', 100)
  header.write('00000001000\0', 124)
  header.write('ustar\u000000', 257)
  return Buffer.concat([header, randomBytes(512), Buffer.alloc(1_024)])
}
