import { expect, test } from 'vitest'
import { canOthersChange } from './files.ts'

test.each([
  [{ kind: 'file', mode: 0o644, uid: 1000, gid: 1000 }, false],
  [{ kind: 'file', mode: 0o664, uid: 1000, gid: 1000 }, false],
  [{ kind: 'file', mode: 0o664, uid: 1000, gid: 33 }, true],
  [{ kind: 'file', mode: 0o646, uid: 1000, gid: 1000 }, true],
  [{ kind: 'folder', mode: 0o775, uid: 1000, gid: 1000 }, false],
  [{ kind: 'folder', mode: 0o775, uid: 0, gid: 1000 }, true],
  [{ kind: 'folder', mode: 0o777, uid: 0, gid: 0 }, true],
  [{ kind: 'folder', mode: 0o1777, uid: 0, gid: 0 }, false],
  [{ kind: 'file', mode: 0o1777, uid: 0, gid: 0 }, true],
  [{ kind: 'link', mode: 0o777, uid: 0, gid: 0 }, false],
] as const)('%j can be changed by others: %s [check/files/modes]', (file, expected) => {
  expect(canOthersChange(file)).toBe(expected)
})
