import { expect, test } from 'vitest'
import { kindOfMount, mountAbove, mountOf, parseMounts, typeOf } from './mount-of.ts'

const MOUNTS = parseMounts(
  [
    '22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
    '23 22 0:21 / /dev/shm rw,nosuid - tmpfs tmpfs rw',
    '24 22 0:40 / /srv/my\\040data rw - nfs4 nas:/data rw',
    '25 22 0:41 / /srv/data rw - xfs /dev/sdb rw',
    '26 22 0:42 / /srv/data rw - overlay overlay rw',
    'garbage',
  ].join('\n'),
)

test.each([
  ['/home/x/store.db', 'ext4', 'disk'],
  ['/dev/shm/store.db', 'tmpfs', 'memory'],
  ['/dev/shmother/store.db', 'ext4', 'disk'],
  ['/srv/my data/store.db', 'nfs4', 'network'],
  // The later one hides the earlier one.
  ['/srv/data/store.db', 'overlay', 'layer'],
])('%s lies on %s, a %s', (path, type, kind) => {
  const mount = mountAbove(MOUNTS, path)
  expect(mount?.type).toBe(type)
  expect(mount && kindOfMount(mount)).toBe(kind)
})

test('this machine lists its memory as memory', async () => {
  expect(kindOfMount(await mountOf('/dev/shm'))).toBe('memory')
})

test('what is not there is no mount', async () => {
  await expect(mountOf('/no/such/folder')).rejects.toMatchObject({ code: 'ENOENT' })
})

test.each([
  [0x01021994, 'tmpfs', 'memory'],
  [0x794c7630, 'overlay', 'layer'],
  // As the kernel gives it where numbers have a sign.
  [-11317950, 'cifs', 'network'],
  [0xef53, 'ext4', 'disk'],
  [0x1234, '0x1234', 'disk'],
])('below a changed root the number %i is %s, a %s', (number, type, kind) => {
  expect(typeOf(number)).toBe(type)
  expect(kindOfMount({ point: '/', type: typeOf(number) })).toBe(kind)
})
