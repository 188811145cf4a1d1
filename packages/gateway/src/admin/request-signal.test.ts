import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { withDeadline } from './request-signal.ts'

const fakeResponse = () => new EventEmitter() as ServerResponse // only its events are used

test('ends work that never ends, at the deadline', async () => {
  const never = () => new Promise<never>(() => undefined)
  await expect(withDeadline(fakeResponse(), 5, never)).rejects.toMatchObject({
    code: 'deadline_exceeded',
  })
})

test('ends work when the caller goes away, and tells it', async () => {
  const res = fakeResponse()
  let given: AbortSignal | undefined
  const waiting = withDeadline(res, 60_000, (signal) => {
    given = signal
    return new Promise<never>(() => undefined)
  })
  res.emit('close')
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  expect(given?.aborted).toBe(true)
})

test('leaves no listener behind', async () => {
  const res = fakeResponse()
  await expect(withDeadline(res, 60_000, async () => 1)).resolves.toBe(1)
  expect(res.eventNames()).toEqual([])
})
