import type { LookupAddress } from 'node:dns'
import { expect, test } from 'vitest'
import { guardLookUp, type LookUp } from './guarded-connector.ts'

const isAllowed = (address: string): boolean => address.startsWith('9')

function ask(addresses: readonly string[], all: boolean): unknown[] {
  const found = addresses.map((address): LookupAddress => ({ address, family: 4 }))
  const lookUp: LookUp = (_name, _options, callback) => callback(null, found)
  const answers: unknown[] = []
  guardLookUp(lookUp, isAllowed)('a.example.com', { all }, (...answer) => answers.push(...answer))
  return answers
}

test('one address that may not be refuses the whole answer, wherever it stands in it [entries/rebinding]', () => {
  for (const list of [['9.1.1.1', '10.0.0.1'], ['10.0.0.1', '9.1.1.1'], ['10.0.0.1'], []]) {
    for (const all of [true, false]) {
      expect([list, ask(list, all)]).toEqual([
        list,
        [expect.objectContaining({ code: 'url_not_allowed', outcome: 'not_sent' })],
      ])
    }
  }
})

test('what was judged is what is given, as a list or as one address', () => {
  const list = ['9.1.1.1', '9.2.2.2']
  expect(ask(list, true)).toEqual([null, list.map((address) => ({ address, family: 4 }))])
  expect(ask(list, false)).toEqual([null, '9.1.1.1', 4])
})
