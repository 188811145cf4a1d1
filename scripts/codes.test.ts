import { expect, test } from 'vitest'
import { unusedCodes } from './codes.ts'

test('names a code that stands nowhere as a quoted word', () => {
  expect(unusedCodes(['port_taken', 'usage'], ["throw new AppError('usage', port_taken)"])).toEqual(
    ['port_taken'],
  )
})

test('takes either quote', () => {
  expect(unusedCodes(['a', 'b'], [`f('a')`, `f("b")`])).toEqual([])
})
