import { expect, test, vi } from 'vitest'
import { CallController } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { Calls } from './calls.ts'
import type { Caller, McpApplication } from './exchange.ts'

const caller = { requestId: 'r', address: 'a', principal: { id: 'p' } } as Caller // what a drain looks at
const calls = (): Calls => new Calls({} as McpApplication) // never asked here

test('a drain waits for what is in flight, and for messages that still arrive', async () => {
  const busy = calls()
  const [call, drained] = [Promise.withResolvers<void>(), vi.fn()]
  const held = busy.hold(caller, new CallController(), () => call.promise)
  busy.arrive()
  const draining = busy.drain(10_000).then(drained)
  call.resolve()
  await held
  await new Promise(setImmediate)
  expect(drained).not.toHaveBeenCalled()
  busy.arrived()
  await draining
})

test('while clients are connected a drain lasts until nothing came for the lull [handover/stop/late]', async () => {
  const busy = calls()
  const signals: boolean[] = []
  const call = (): Promise<void> => {
    const controller = new CallController()
    return busy.hold(caller, controller, async () => void signals.push(controller.aborted))
  }
  const startedMs = performance.now()
  const draining = busy.drain(10_000, { quietMs: 200, connected: () => true })
  await new Promise((resolve) => setTimeout(resolve, 100))
  await call()
  await draining
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(290)
  await call()
  expect(signals).toEqual([false, true])
})

test('a drain ends at once when nothing is in flight and nobody is connected any more', async () => {
  let connected = true
  const draining = calls().drain(60_000, { quietMs: Infinity, connected: () => connected })
  connected = false
  await draining
})

test('what outlasts the drain is aborted as shutting_down, and so is what comes later', async () => {
  const busy = calls()
  const controllers = [new CallController(), new CallController()]
  const never = new Promise<void>(() => undefined)
  void busy.hold(caller, controllers[0]!, () => never) // two were made
  await busy.drain(20, { quietMs: 0, connected: () => false })
  void busy.hold(caller, controllers[1]!, () => never) // as above
  expect(busy.cut).toBe(2)
  for (const { reason } of controllers) {
    expect(reason).toBeInstanceOf(AppError)
    expect(reason).toMatchObject({ code: 'shutting_down' })
  }
})
