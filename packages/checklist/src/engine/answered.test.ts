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
  expect(found.evidence.map(({ text }) => text)).toEqual(['failed', 'unproved'])
})

test.each([
  ['waits', ['proved', 'waiting'], '07'],
  ['does not wait while something can be done', ['unproved', 'waiting'], undefined],
  ['does not wait once it fails', ['failed', 'waiting'], undefined],
  ['does not wait where it does not apply', ['not_applicable', 'not_applicable'], undefined],
] as const)('an item %s for a part to come [check/engine/together]', (_case, states, part) => {
  const found = states.map((state) =>
    state === 'waiting' ? answeredOf('unproved', { awaits: '07' }) : answeredOf(state),
  )
  expect(together(found).awaits).toBe(part)
})

test('what fails is said before what is well, and nothing twice [check/engine/together]', () => {
  const found = together([
    answeredOf('proved'),
    answeredOf('failed'),
    answeredOf('not_applicable'),
    answeredOf('failed'),
  ])
  expect(found.evidence.map(({ text }) => text)).toEqual(['failed', 'proved', 'not_applicable'])
})

test('at most 50 pieces of evidence of an item are kept [check/engine/printable]', () => {
  const much = (from: number) =>
    Array.from({ length: 30 }, (_, at) => ({ kind: 'file' as const, text: `${from + at}`, at: AT }))
  const found = together([
    answeredOf('proved', { evidence: much(0) }),
    answeredOf('proved', { evidence: much(100) }),
  ])
  expect(found.evidence).toHaveLength(50)
})
