import { expect, test } from 'vitest'
import { unknownServer } from './unknown-server.ts'

const KNOWN = {
  servers: { files: {}, search: {} },
  groups: { answers: { members: [{ server: 'search' }, { server: 'files' }] } },
}

test.each([
  ['fils', 'there is no server `fils`; did you mean `files`?'],
  ['FILES', 'there is no server `FILES`; did you mean `files`?'],
  ['mail', 'there is no server `mail`: `servers` lists them'],
  ['__proto__', 'there is no server `__proto__`: `servers` lists them'],
  ['a\u001b[2Jb', 'there is no server `ab`: `servers` lists them'],
  ['answers', '`answers` is a group: name one of its members, `search`, `files`'],
])('says of %j: %s [operate/servers/unknown]', (name, sentence) => {
  expect(unknownServer(name, KNOWN)).toMatchObject({ code: 'not_found', message: sentence })
})

test('says so when there are none, and names only the first members of a large group', () => {
  const members = ['a', 'b', 'c', 'd', 'e', 'f'].map((server) => ({ server }))
  expect(unknownServer('a', { servers: {}, groups: {} }).message).toBe(
    'there is no server `a`: none is configured',
  )
  expect(unknownServer('g', { servers: {}, groups: { g: { members } } }).message).toMatch(
    /`e`, \.\.\.$/,
  )
})
