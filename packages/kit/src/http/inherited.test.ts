import { expect, test } from 'vitest'
import { inheritedNumbers } from './inherited.ts'

const ours = (fds: string, names?: string): Record<string, string> => ({
  LISTEN_PID: '7',
  LISTEN_FDS: fds,
  ...(names === undefined ? {} : { LISTEN_FDNAMES: names }),
})

test.each([
  ['one socket', ours('1'), { data: 3 }],
  ['two sockets', ours('2'), { data: 3, admin: 4 }],
  [
    'two sockets with the names of their units',
    ours('2', 'a.socket:b.socket'),
    { data: 3, admin: 4 },
  ],
  ['two names', ours('2', 'admin:data'), { data: 4, admin: 3 }],
  ['the name admin alone', ours('1', 'admin'), { admin: 3 }],
  ['none', ours('0'), {}],
  ['a count that is no number', ours('x'), {}],
  ['another process', { ...ours('2'), LISTEN_PID: '8' }, {}],
  ['nobody', { LISTEN_FDS: '2' }, {}],
])('finds the sockets handed over as %s', (_case, environment, expected) => {
  expect(inheritedNumbers(environment, 7)).toEqual(expected)
})

test.each([
  ['three sockets', ours('3')],
  ['one name of two', ours('2', 'data:web')],
  ['one name twice', ours('2', 'data:data')],
  ['fewer names than sockets', ours('2', 'data')],
])('refuses %s, which cannot be told apart', (_case, environment) => {
  expect(() => inheritedNumbers(environment, 7)).toThrow(/LISTEN_FD/)
})
