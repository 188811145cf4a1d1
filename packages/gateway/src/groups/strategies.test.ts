import { expect, test } from 'vitest'
import { type Candidate, createStrategy } from './strategies.ts'
import { countOf } from './testing-groups.ts'

interface Named extends Candidate {
  readonly name: string
}

function pool(...members: Partial<Candidate>[]): Named[] {
  return members.map((member, index) => ({
    ...{ index, weight: 1, priority: 1, load: 0 },
    ...member,
    name: 'abcdef'[index] ?? '?',
  }))
}

/** The names picked, one after the other. */
function picks(choose: ReturnType<typeof createStrategy>, from: readonly Named[], times: number) {
  return Array.from({ length: times }, () => choose(from)?.name ?? '-').join('')
}

/** The same numbers each run; `Math.random` would make a rare failure. */
function seeded(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test('round-robin: each in turn, also while some are away [groups/strategy]', () => {
  const choose = createStrategy('round-robin', Math.random)
  const [a, b, c] = pool({}, {}, {})
  if (!a || !b || !c) throw new TypeError('three members')
  expect(picks(choose, [a, b, c], 4)).toBe('abca')
  expect(picks(choose, [a, c], 3)).toBe('cac')
  expect(picks(choose, [a, b, c], 3)).toBe('abc')
})

test('weighted: 5, 1 and 1 get 5, 1 and 1 of seven, spread out [groups/strategy]', () => {
  const choose = createStrategy('weighted', Math.random)
  const members = pool({ weight: 5 }, { weight: 1 }, { weight: 1 })
  expect(picks(choose, members, 14)).toBe('aabacaaaabacaa')
})

test('weighted: who was away does not get all calls when it is back', () => {
  const choose = createStrategy('weighted', Math.random)
  const [a, b] = pool({}, {})
  if (!a || !b) throw new TypeError('two members')
  picks(choose, [a], 1_000)
  expect(countOf([...picks(choose, [a, b], 10)])).toEqual({ a: 5, b: 5 })
})

test('least-in-flight: whoever has fewest now, and those with the same take turns [groups/strategy]', () => {
  const choose = createStrategy('least-in-flight', Math.random)
  expect(picks(choose, pool({ load: 3 }, { load: 2 }, { load: 9 }), 3)).toBe('bbb')
  expect(picks(choose, pool({ load: 2 }, { load: 2 }, { load: 9 }), 3)).toBe('aba')
})

test('random: by weight, within a hundredth of 100,000 [groups/strategy]', () => {
  const choose = createStrategy('random', seeded())
  const counts = countOf([
    ...picks(choose, pool({ weight: 7 }, { weight: 2 }, { weight: 1 }), 100_000),
  ])
  for (const [name, share] of Object.entries({ a: 0.7, b: 0.2, c: 0.1 })) {
    expect(Math.abs((counts[name] ?? 0) / 100_000 - share)).toBeLessThan(0.01)
  }
})

test('random: the ends of what chance gives stay inside the pool', () => {
  expect(createStrategy('random', () => 0)(pool({}, {}))?.name).toBe('a')
  expect(createStrategy('random', () => 1)(pool({}, {}))?.name).toBe('b')
})

test('priority: the lowest there is, and the same take turns [groups/strategy]', () => {
  const choose = createStrategy('priority', Math.random)
  const [a, b, c] = pool({ priority: 2 }, { priority: 1 }, { priority: 2 })
  if (!a || !b || !c) throw new TypeError('three members')
  expect(picks(choose, [a, b, c], 3)).toBe('bbb')
  expect(picks(choose, [a, c], 3)).toBe('cac')
})

test.each(['round-robin', 'weighted', 'least-in-flight', 'random', 'priority'] as const)(
  '%s has nobody to pick of an empty pool',
  (strategy) => {
    expect(createStrategy(strategy, Math.random)([])).toBeUndefined()
  },
)
