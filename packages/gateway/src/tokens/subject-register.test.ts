import { MasterKeys, Sealer } from '@sallyport/kit/crypto'
import { ManualClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import type { SubjectRecord } from '@sallyport/kit/store'
import { expect, onTestFinished, test } from 'vitest'
import { SubjectRegister } from './subject-register.ts'

const SEALER = new Sealer(MasterKeys.parse([new Secret('ab'.repeat(32))]), 'subjects')

function setUp() {
  const rows = new Map<string, SubjectRecord>()
  const store = {
    note: async (records: readonly SubjectRecord[]) => {
      for (const record of records) rows.set(record.id, record)
    },
    list: async (after: string, max: number) =>
      [...rows.values()]
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .filter(({ id }) => id > after)
        .slice(0, max),
  }
  const register = new SubjectRegister({
    ...{ store, sealer: SEALER, clock: new ManualClock(), log: silentLog },
  })
  onTestFinished(() => register[Symbol.asyncDispose]())
  return { rows, register }
}

test('who is forgotten is not written any more, and is noted anew when it comes back [secrets/erase/removed]', async () => {
  const { rows, register } = setUp()
  register.seen('subject:i:a', 'i', 'alice')
  await register.forget('subject:i:a')
  await register.write()
  expect([...rows.keys()]).toEqual([])
  register.seen('subject:i:a', 'i', 'alice')
  await register.write()
  expect([...rows.keys()]).toEqual(['subject:i:a'])
})

test('who another process erased is found among those that were noted, and nobody else [secrets/erase/live]', async () => {
  const { rows, register } = setUp()
  for (let at = 0; at < 1_200; at += 1) register.seen(`subject:i:${at}`, 'i', `${at}`)
  await register.write()
  register.seen('subject:i:waits', 'i', 'waits')
  expect(await register.forgetErased()).toEqual([])
  rows.delete('subject:i:7')
  rows.delete('subject:i:999')
  expect((await register.forgetErased()).toSorted()).toEqual(['subject:i:7', 'subject:i:999'])
  expect(await register.forgetErased()).toEqual([])
})
