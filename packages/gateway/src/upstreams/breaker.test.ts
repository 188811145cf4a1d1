import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import { Breaker, isTransportFailure, verdictOf } from './breaker.ts'

const CONFIG = { failures: 3, resetMs: 2_000 }
const PROBE = { is: 'the probe' }

/** A breaker that opened at 0. */
function opened(config = CONFIG): Breaker {
  const breaker = new Breaker(config)
  for (let n = 0; n < config.failures; n += 1) fail(breaker)
  return breaker
}

function fail(breaker: Breaker, nowMs = 0): void {
  const call = {}
  expect(breaker.enter(nowMs, call)).toBeUndefined()
  breaker.settle('failed', nowMs, call)
}

test('opens after as many failures in a row, and says when to come back [fleet/breaker/opens]', () => {
  const breaker = new Breaker(CONFIG)
  fail(breaker)
  fail(breaker)
  breaker.settle('ok', 0, {})
  fail(breaker)
  fail(breaker)
  breaker.settle('none', 0, {})
  expect(breaker.state(0)).toBe('closed')
  fail(breaker)
  expect(breaker.state(0)).toBe('open')
  const refusal = breaker.enter(500, {})
  expect(refusal).toMatchObject({ code: 'breaker_open', retryAfterMs: 1_500, outcome: 'not_sent' })
})

test('after the reset exactly one call tries, and its success closes it [fleet/breaker/probe]', () => {
  const breaker = opened()
  expect(breaker.enter(1_999, {})).toBeDefined()
  expect(breaker.state(2_000)).toBe('half-open')
  expect(breaker.enter(2_000, PROBE)).toBeUndefined()
  expect(breaker.enter(2_000, {})).toMatchObject({ code: 'breaker_open', retryAfterMs: 500 })
  breaker.settle('ok', 2_001, PROBE)
  expect(breaker.state(2_001)).toBe('closed')
  expect(breaker.enter(2_001, {})).toBeUndefined()
})

test('a probe that fails opens it again for as long', () => {
  const breaker = opened()
  breaker.enter(2_000, PROBE)
  breaker.settle('failed', 2_100, PROBE)
  expect(breaker.enter(2_100, {})).toMatchObject({ retryAfterMs: 2_000 })
  expect(breaker.enter(4_100, {})).toBeUndefined()
})

test('a probe that ends without a verdict frees its place at once [fleet/breaker/lost-probe]', () => {
  const breaker = opened()
  breaker.enter(2_000, PROBE)
  breaker.settle('none', 2_001, PROBE)
  const next = {}
  expect(breaker.enter(2_001, next)).toBeUndefined()
  expect(breaker.isProbe(next)).toBe(true)
})

test('calls from before it opened decide nothing', () => {
  const breaker = opened()
  breaker.enter(2_000, PROBE)
  for (const verdict of ['ok', 'failed', 'none'] as const) breaker.settle(verdict, 2_001, {})
  expect(breaker.state(2_001)).toBe('half-open')
  expect(breaker.enter(2_001, {})).toBeDefined()
})

test('a probe that waits for a person does not keep others out for ever', () => {
  const breaker = opened()
  breaker.enter(2_000, PROBE)
  expect(breaker.enter(31_999, {})).toBeDefined()
  const next = {}
  expect(breaker.enter(32_000, next)).toBeUndefined()
  breaker.settle('none', 32_001, PROBE)
  expect(breaker.isProbe(next)).toBe(true)
})

test('a server found well lets the next call try at once', () => {
  const breaker = opened()
  breaker.relent()
  expect(breaker.state(1)).toBe('half-open')
  expect(breaker.enter(1, PROBE)).toBeUndefined()
  expect(breaker.enter(1, {})).toBeDefined()
})

test('with no failures allowed it never opens, and other numbers hold at once', () => {
  const off = opened({ failures: 0, resetMs: 1 })
  for (let n = 0; n < 100; n += 1) fail(off)
  expect(off.state(0)).toBe('closed')
  const breaker = opened()
  breaker.configure({ failures: 10, resetMs: 1 }, 0)
  expect(breaker.enter(0, {})).toBeUndefined()
})

test('a shorter reset holds for the opening that runs, and a longer one from the next on', () => {
  const breaker = opened({ failures: 3, resetMs: 30_000 })
  breaker.configure(CONFIG, 1_000)
  expect(breaker.enter(1_000, {})).toMatchObject({ retryAfterMs: 2_000 })
  breaker.configure({ failures: 3, resetMs: 60_000 }, 2_000)
  expect(breaker.enter(2_000, {})).toMatchObject({ retryAfterMs: 1_000 })
  expect(breaker.enter(3_000, PROBE)).toBeUndefined()
  breaker.settle('failed', 3_000, PROBE)
  expect(breaker.enter(3_000, {})).toMatchObject({ retryAfterMs: 60_000 })
})

test('refuses in well under a millisecond', () => {
  const breaker = opened()
  for (let n = 0; n < 1_000; n += 1) breaker.enter(1, PROBE)
  const beganMs = performance.now()
  for (let n = 0; n < 1_000; n += 1) breaker.enter(1, PROBE)
  expect((performance.now() - beganMs) / 1_000).toBeLessThan(0.2)
})

test('only what the transport did counts [fleet/breaker/transport-only]', () => {
  const of = (...made: ConstructorParameters<typeof AppError>): AppError => new AppError(...made)
  const failures = [
    of('server_lost', 'gone', { outcome: 'unknown' }),
    of('server_unavailable', 'no'),
    of('server_start_failed', 'no'),
  ]
  expect(failures.map(isTransportFailure)).toEqual([true, true, true])
  const others = [
    of('server_lost', 'gone', { outcome: 'not_sent' }),
    of('server_unavailable', 'slow down', { details: { status: 429 } }),
    of('deadline_exceeded', 'slow'),
    of('cancelled', 'gone'),
    of('overloaded', 'full'),
  ]
  expect(others.map(verdictOf)).toEqual(['none', 'none', 'none', 'none', 'none'])
  expect(verdictOf(undefined)).toBe('ok')
})
