import { expect, test } from 'vitest'
import { deploymentOf, look } from '../../test/fixtures/deployment.ts'
import { objectivesDeclared } from './objectives-declared.ts'

test.each([
  [{ rto: '15m', rpo: '24h' }, 'proved', /rto 15 min, rpo 24 h/],
  [{ rto: '15m' }, 'unproved', /objectives\.rpo` is not set/],
  [{}, 'unproved', /objectives\.rto` and .*objectives\.rpo` are not set/],
  [{ rto: '30s', rpo: '24h' }, 'proved', /rto 30 s/],
])('objectives %o are %s [check/objectives/declared]', async (objectives, state, text) => {
  const found = await look(
    objectivesDeclared,
    deploymentOf('/nowhere', { checklist: { objectives } }),
  )
  expect(found).toMatchObject({ state, evidence: [{ text: expect.stringMatching(text) }] })
})
