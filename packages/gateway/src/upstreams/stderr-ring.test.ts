import { expect, test } from 'vitest'
import { StderrRing, withoutControls } from './stderr-ring.ts'

test('only the last 64 KiB are kept, whatever the size of the writes [upstreams/stderr]', () => {
  for (const size of [1, 1_000, 100_000]) {
    const ring = new StderrRing()
    for (let written = 0; written < 300_000; written += size) ring.push(Buffer.alloc(size, 'x'))
    ring.push(Buffer.from('\nthe end\n'))
    const lines = ring.lines(10)
    expect(lines.at(-1)).toBe('the end')
    expect(lines.join('').length).toBeLessThanOrEqual(65_536)
  }
})

test('the last lines are given, without empty ones', () => {
  const ring = new StderrRing()
  ring.push(Buffer.from('one\n\ntwo\r\nthr'))
  ring.push(Buffer.from('ee\n'))
  expect(ring.lines(2)).toEqual(['two', 'three'])
})

test('nothing that a terminal would act on is left', () => {
  expect(withoutControls('\u001b[31mred\u001b[0m \u0007bell\u009b2J \u202eevil\t')).toBe(
    'red bell2J evil',
  )
})
