import { ADMINISTRATOR, CALLER, type Principal } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import { endsStreams } from './renewal.ts'

const alice: Principal = { id: 'key:alice', kind: 'key', name: 'alice', ...CALLER }
const sight = { key: 'files', rules: [{ servers: ['files'] }] }

test.each([
  ['fewer permissions', { ...alice, permissions: new Set(['mcp.list'] as const) }, false, true],
  ['one text less', alice, true, true],
  ['more permissions', { ...alice, ...ADMINISTRATOR }, false, false],
  ['other servers', { ...alice, sight }, false, false],
  ['another name', { ...alice, name: 'bob' }, false, false],
] as const)('with %s what listens ends only where it must', (_case, after, lostText, ends) => {
  expect(endsStreams({ before: alice, after, lostText })).toBe(ends)
})
