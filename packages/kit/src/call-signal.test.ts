import { expect, test } from 'vitest'
import { type CallAbort, CallController } from './call-signal.ts'

// What holds for ours holds for the platform's, so that either may stand for the other.
test.each([
  ['ours', (): CallAbort => new CallController()],
  ["the platform's", (): CallAbort => new AbortController()],
])(
  'a signal tells each listener once, in order, and keeps the first reason: %s',
  (_case, create) => {
    const controller = create()
    const { signal } = controller
    const told: string[] = []
    const removed = { handleEvent: () => void told.push('removed') }
    signal.addEventListener('abort', () => void told.push('first'), { once: true })
    signal.addEventListener('abort', removed, { once: true })
    signal.addEventListener(
      'abort',
      { handleEvent: () => void told.push('second') },
      { once: true },
    )
    signal.removeEventListener('abort', removed)
    expect([signal.aborted, signal.reason, told]).toEqual([false, undefined, []])
    controller.abort('why')
    controller.abort('again')
    expect([signal.aborted, signal.reason, told]).toEqual([true, 'why', ['first', 'second']])
  },
)

test('a listener may go while others are told, and one that is added too late hears nothing', () => {
  const controller = new CallController()
  const told: string[] = []
  const late = (): void => void told.push('late')
  const first = (): void => {
    told.push('first')
    controller.signal.removeEventListener('abort', first)
    controller.signal.addEventListener('abort', late)
  }
  controller.signal.addEventListener('abort', first)
  controller.signal.addEventListener('abort', () => void told.push('second'))
  controller.abort('why')
  expect(told).toEqual(['first', 'second'])
})

test('the reason is there before the first listener is told', () => {
  const controller = new CallController()
  const seen: unknown[] = []
  controller.signal.addEventListener('abort', () => seen.push(controller.signal.reason))
  controller.abort('why')
  expect(seen).toEqual(['why'])
})
