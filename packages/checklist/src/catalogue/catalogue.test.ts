import { CLAIMS } from '@sallyport/contract/claims'
import { SEEDS } from '@sallyport/contract/checklist'
import { expect, test } from 'vitest'
import { ANSWERS } from '../answers/index.ts'
import { ITEMS } from './index.ts'

/** Boxes of the four checklists and rules of the exposure document. */
const COUNTS = { hangar: 44, system: 171, slack: 123, discord: 50, exposure: 32 } as const

test.each(SEEDS)('every box of %s is in the catalogue once [check/catalogue/whole]', (seed) => {
  const items = ITEMS.filter((item) => item.seed === seed)
  expect(items).toHaveLength(COUNTS[seed])
  const places = items.map(({ place }) => place)
  expect(places).toEqual([...new Set(places)].sort((one, other) => one - other))
})

test('the four checklists have 388 boxes, and ids are their own [check/catalogue/whole]', () => {
  expect(ITEMS.filter(({ seed }) => seed !== 'exposure')).toHaveLength(388)
  expect(new Set(ITEMS.map(({ id }) => id)).size).toBe(ITEMS.length)
})

test('every item names answers, and each of them is there [check/catalogue/answered]', () => {
  const missing = ITEMS.flatMap(({ id, answers }) =>
    answers.filter((answer) => !ANSWERS.has(answer)).map((answer) => `${id}: ${answer}`),
  )
  expect(missing).toEqual([])
  expect(ITEMS.filter(({ answers }) => answers.length === 0)).toEqual([])
})

test('no answer is there that no item takes [check/catalogue/answered]', () => {
  const taken = new Set(ITEMS.flatMap(({ answers }) => answers))
  expect([...ANSWERS.keys()].filter((id) => !taken.has(id))).toEqual([])
})

test('every probe and every drill has a claim of its own, so that a test must prove it [check/catalogue/tested]', () => {
  const claims: Readonly<Record<string, unknown>> = CLAIMS
  const unclaimed = [...ANSWERS].flatMap(([id, { kind }]) =>
    (kind === 'probe' || kind === 'drill') && !Object.hasOwn(claims, `check/${id}`) ? [id] : [],
  )
  expect(unclaimed).toEqual([])
})

test('three of four items are answered by a program [check/catalogue/mechanical]', () => {
  const kindsOf = (answers: readonly string[]) => answers.map((id) => ANSWERS.get(id)?.kind)
  const byPeople = ITEMS.filter(({ answers }) => kindsOf(answers).includes('attested'))
  expect(byPeople.length / ITEMS.length).toBeLessThanOrEqual(0.25)
})

test('titles of answers are sentences without full stop, or questions; remedies say what to do', () => {
  const odd = [...ANSWERS].filter(([, answer]) => {
    const remedy = 'remedy' in answer ? answer.remedy : 'do it'
    return !/^[A-Z`].*[^.]$/s.test(answer.title) || !/^[a-z`].*[^.]$/s.test(remedy)
  })
  expect(odd.map(([id]) => id)).toEqual([])
})
