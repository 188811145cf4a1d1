import { gatewayConfig } from '@sallyport/contract/config'
import { expect, test } from 'vitest'
import type { RunnableConfig } from './config/index.ts'
import { Settings } from './settings.ts'

function config(limits: object, audit: object = {}): RunnableConfig {
  return { store: 'sqlite:/x', ...gatewayConfig.parse({ limits, audit }) } as RunnableConfig // the store is named
}

test('whoever keeps one of the objects reads the bounds of the configuration in force', () => {
  const settings = new Settings(config({}))
  const { rate, lockout, session, questions, edge, answers, retention } = settings
  settings.apply(
    config(
      {
        perPrincipal: { rate: '7/s', burst: 9 },
        lockout: { failures: 3, window: '2s', hold: '4s' },
        session: { idle: '11s', total: '2m', perPrincipal: 5, max: 6 },
        questions: { timeout: '9s', perPrincipal: 2, total: 3 },
        requestBytes: '2KiB',
        depth: 9,
        streamStall: '3s',
        callTimeout: '8s',
      },
      { keep: '3d', maxSize: '2GiB' },
    ),
  )
  expect({ rate, lockout, session, questions, edge, answers, retention }).toMatchObject({
    rate: { capacity: 9, refillPerSecond: 7 },
    lockout: { failures: 3, windowMs: 2_000, holdMs: 4_000 },
    session: { idleMs: 11_000, totalMs: 120_000, perPrincipalMax: 5, totalMax: 6 },
    questions: { timeoutMs: 9_000, perPrincipal: 2, total: 3 },
    edge: { requestBytes: 2_048, depth: 9, stallMs: 3_000 },
    answers: { callMs: 8_000 },
    retention: { keepMs: 259_200_000, bytesMax: 2_147_483_648 },
  })
})
