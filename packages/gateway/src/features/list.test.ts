import { expect, test } from 'vitest'
import { FEATURES } from './list.ts'

test('everything is recorded, refusals too, and who waits is not yet judged [record/refusals]', () => {
  expect(FEATURES.map(({ id }) => id)).toEqual([
    'record',
    'suspend',
    'admit',
    'authorize',
    'results',
    'once',
    'quota',
    'intend',
  ])
})
