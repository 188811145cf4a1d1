import { expect, test } from 'vitest'
import { type Answered, together } from './answered.ts'

const AT = '2026-11-20T12:00:00.000Z'

function answeredOf(state: Answered['state'], given: Partial<Answered> = {}): Answered {
  return { state, evidence: [{ kind: 'file', text: state, at: AT }], remedy: null, ...given }
}

test.each([
  [['proved', 'failed', 'unproved'], 'failed'],
  [['proved', 'unproved', 'attested'], 'unproved'],
  [['proved', 'attested'], 'attested'],
  [['proved', 'not_applicable'], 'proved'],
  [['not_applicable', 'attested'], 'attested'],
  [['not_applicable', 'not_applicable'], 'not_applicable'],
] as const)('of %j together it is %s [check/engine/together]', (states, state) => {
  expect(together(states.map((one) => answeredOf(one))).state).toBe(state)
})

test('the remedy is that of an answer which is as bad as the item [check/engine/together]', () => {
  const found = together([
    answeredOf('unproved', { remedy: 'look for it' }),
    answeredOf('failed'),
    answeredOf('failed', { remedy: 'mend it' }),
  ])
  expect(found.remedy).toBe('mend it')
  expect(found.evidence.map(({ text }) => text)).toEqual(['unproved', 'failed', 'failed'])
})

test('at most 50 pieces of evidence of an item are kept [check/engine/printable]', () => {
  const much = Array.from({ length: 30 }, () => ({ kind: 'file' as const, text: 'x', at: AT }))
  const found = together([
    answeredOf('proved', { evidence: much }),
    answeredOf('proved', { evidence: much }),
  ])
  expect(found.evidence).toHaveLength(50)
})
