import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LiveTable } from './live-table.ts'

test('holds what a Map would hold, whatever comes and goes', () => {
  const step = fc.record({ add: fc.boolean(), key: fc.integer({ min: 0, max: 12 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const table = new LiveTable<number, string>()
      const map = new Map<number, string>()
      for (const [index, { add, key }] of steps.entries()) {
        if (add && !map.has(key)) {
          table.add(key, `v${index}`)
          map.set(key, `v${index}`)
        } else {
          expect(table.delete(key)).toBe(map.delete(key))
        }
        expect([table.size, table.has(key), table.get(key)]).toEqual([
          map.size,
          map.has(key),
          map.get(key),
        ])
      }
      expect(table.values().toSorted()).toEqual([...map.values()].toSorted())
      expect(table.keys().toSorted()).toEqual([...map.keys()].toSorted())
    }),
  )
})

test('values may be removed while they are gone through', () => {
  const table = new LiveTable<number, number>()
  for (const key of [1, 2, 3]) table.add(key, key)
  const seen: number[] = []
  for (const value of table.values()) {
    seen.push(value)
    table.delete(value)
  }
  expect([seen, table.size]).toEqual([[1, 2, 3], 0])
})

test('keeps nothing alive that left it', () => {
  const table = new LiveTable<string, string>()
  table.add('a', 'x')
  table.clear()
  expect([table.size, table.get('a'), table.values()]).toEqual([0, undefined, []])
  table.add('b', 'y')
  expect(table.values()).toEqual(['y'])
})
