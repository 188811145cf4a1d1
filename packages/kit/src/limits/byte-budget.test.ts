import { expect, test } from 'vitest'
import { ByteBudget } from './byte-budget.ts'

test('refuses beyond a quarter for one principal, and takes nothing then [limits/bytes/principal]', () => {
  const budget = new ByteBudget({ totalBytesMax: 400 })
  expect(budget.take('a', 101)).toBe(false)
  expect(budget.take('a', 100)).toBe(true)
  expect(budget.take('a', 1)).toBe(false)
  expect(budget.take('b', 1)).toBe(true)
  expect(budget.total).toBe(101)
})

test('refuses beyond the total, whoever asks [limits/bytes/total]', () => {
  const budget = new ByteBudget({ totalBytesMax: 100, principalBytesMax: 60 })
  expect([budget.take('a', 60), budget.take('b', 41), budget.take('b', 40)]).toEqual([
    true,
    false,
    true,
  ])
})

test('a reservation gives back what it took, once', () => {
  const budget = new ByteBudget({ totalBytesMax: 400 })
  const reservation = budget.reserve('a')
  expect([reservation.grow(60), reservation.grow(60), reservation.grow(40)]).toEqual([
    true,
    false,
    true,
  ])
  expect([reservation.bytes, budget.held('a')]).toEqual([100, 100])
  budget.take('a', 0)
  reservation.release()
  reservation.release()
  expect([budget.total, budget.held('a')]).toEqual([0, 0])
})
