import { expect, test } from 'vitest'
import { type CallAbort, CallController } from '../call-signal.ts'
import { LiveRequests } from './live-requests.ts'

function request(state: { detached?: boolean; gone?: boolean } = {}): CallController {
  const controller = new CallController()
  controller.detached = state.detached ?? false
  controller.client = state.gone === undefined ? undefined : { gone: state.gone }
  return controller
}

const AGAIN = { detached: true, gone: true }

test.each<[string, CallAbort[], boolean]>([
  ['nobody has it', [], false],
  ['its request is answered', [request({ gone: false })], true],
  ['its request goes on for a client that is there', [request({ ...AGAIN, gone: false })], true],
  ['its request cannot be told from its line', [request({ detached: true })], true],
  ['its client is gone, and the request is an ordinary one', [request({ gone: true })], true],
  ['its request goes on for a client that is gone', [request(AGAIN)], false],
  ['who came again waits', [request(AGAIN), request({ gone: false })], true],
  ['who came again is gone as well', [request({ gone: true }), request(AGAIN)], false],
])('an id is taken or free: %s', (_case, known, taken) => {
  const live = new LiveRequests()
  live.add('2', request({ gone: false }))
  for (const one of known) live.add('1', one)
  expect(live.isTaken('1')).toBe(taken)
})

test('who cancels an id cancels its request and the repeats of it, and no other', () => {
  const live = new LiveRequests()
  const all = [request(AGAIN), request(), request()] as const
  const ids = ['1', '1', '2']
  for (const [index, one] of all.entries()) live.add(ids[index] ?? '', one)
  live.abort('1', 'why')
  expect(all.map(({ aborted }) => aborted)).toEqual([true, true, false])
  live.delete(all[1])
  expect([live.size, live.isTaken('1')]).toEqual([2, false])
})
