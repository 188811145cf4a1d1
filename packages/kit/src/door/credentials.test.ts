import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { Secret } from '../secret.ts'
import { Credentials } from './credentials.ts'

test('tokens are replaced: what is gone is refused and told, what stays keeps its principal [reload/tokens]', () => {
  const tokenOf = (name: string, value: string) => ({ name, values: [new Secret(value)] })
  const credentials = new Credentials(new ManualClock(0), [
    tokenOf('a', 'one'),
    tokenOf('b', 'two'),
  ])
  const kept = credentials.lookup('two')
  expect(credentials.replaceTokens([tokenOf('b', 'two'), tokenOf('c', 'three')])).toEqual({
    ...{ ended: ['token:a'], renewed: [] },
  })
  expect(credentials.lookup('one')).toBeUndefined()
  expect(credentials.lookup('two')).toBe(kept)
  expect(credentials.lookup('three')?.id).toBe('token:c')
  // Another value under the same name: whoever held the old one has lost it.
  expect(credentials.replaceTokens([tokenOf('b', 'other'), tokenOf('c', 'three')])).toEqual({
    ...{ ended: ['token:b'], renewed: [] },
  })
})
