import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { ageFile } from '../../../test/fixtures/store-place.ts'
import { dateInName, seriesOf } from './backup-files.ts'
import { FORMAT_BYTES, formatOf } from './format.ts'

const tar = Buffer.alloc(1_024)
tar.write('things.txt')
tar.write('ustar', 257)

test.each([
  ['age', 'yes', ageFile(100)],
  ['armored age', 'yes', Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----\nYWdl')],
  ['armored OpenPGP', 'yes', Buffer.from('-----BEGIN PGP MESSAGE-----\n\nhQIM')],
  // A session key for a recipient, in the old form of headers, as GnuPG writes it.
  ['OpenPGP', 'yes', Buffer.from([0x85, 0x02, 0x0c, 0x03, 1, 2, 3])],
  // A session key by password, and encrypted data in the new form.
  ['OpenPGP', 'yes', Buffer.from([0x8c, 0x0d, 0x04, 0x09, 0x03, 0x02])],
  ['OpenPGP', 'yes', Buffer.from([0xd2, 0xc0, 0x10, 0x01, 7, 7])],
  ['openssl enc', 'weak', Buffer.concat([Buffer.from('Salted__'), randomBytes(40)])],
  ['SQLite', 'no', Buffer.from('SQLite format 3\0\u0010\0')],
  ['pg_dump archive', 'no', Buffer.from('PGDMP\u0001\u000e')],
  ['gzip', 'no', Buffer.from([0x1f, 0x8b, 8, 0])],
  ['zstd', 'no', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 4])],
  ['tar', 'no', tar],
  ['text', 'no', Buffer.from('--\n-- PostgreSQL database dump\n--\n')],
  ['text', 'no', Buffer.from('{"mcpServers":{}}')],
  ['unknown', 'unknown', Buffer.from([0x00, 0x01, 0x02, 0xfe])],
  // The first byte of OpenPGP, but no version that exists.
  ['unknown', 'unknown', Buffer.from([0x85, 0x02, 0x0c, 0x99, 1, 2, 3])],
  ['empty', 'unknown', Buffer.alloc(0)],
])(
  '%s is told by its first bytes, encrypted: %s [check/backups/encrypted]',
  (name, encrypted, bytes) => {
    expect(formatOf(bytes.subarray(0, FORMAT_BYTES))).toEqual({ name, encrypted })
  },
)

test.each([
  ['sallyport-2026-11-20.db.age', 'sallyport-#-#-#.db.age'],
  ['2026/11/20/all.dump', '#/#/#/all.dump'],
  ['db_20261120T030000Z.sql.gz', 'db_#T#Z.sql.gz'],
  ['dump-7f3a9c2e1b.age', 'dump-#.age'],
  ['a-3b241101-e2bb-4255-8caf-4136c566a962.age', 'a-#.age'],
  ['deadbeef.age', 'deadbeef.age'],
])('%s is one of the series %s', (name, series) => {
  expect(seriesOf(name)).toBe(series)
})

test.each([
  ['x-2026-11-20.db', '2026-11-21T12:00:00.000Z'],
  ['x-20261120.db', '2026-11-21T12:00:00.000Z'],
  ['20261120-0300.db', '2026-11-21T12:00:00.000Z'],
  ['x-99.db', undefined],
  ['x-1720261120999.db', undefined],
  ['x-2026-13-20.db', undefined],
])('the day in %s ends everywhere at %s', (name, at) => {
  const ms = dateInName(name)
  expect(ms === undefined ? undefined : new Date(ms).toISOString()).toBe(at)
})
