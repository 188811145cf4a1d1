import { ManualClock } from '@sallyport/kit/clock'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { StderrRing } from './stderr-ring.ts'

function filled(...writes: readonly (readonly [pid: number, text: string | Buffer])[]) {
  const clock = new ManualClock(1_000)
  const ring = new StderrRing(clock)
  for (const [pid, written] of writes) {
    ring.push(pid, Buffer.from(written))
    clock.advance(1)
  }
  return { ring, clock }
}

test.each([1, 100, 65_536, 3_000_000])(
  'of writes of %i bytes only the last are kept, and the end is among them [supervision/stderr/bounded]',
  (size) => {
    const { ring } = filled()
    for (let written = 0; written < 3_000_000; written += size)
      ring.push(7, Buffer.alloc(size, 'x'))
    ring.push(7, Buffer.from('\nthe end\n'))
    const lines = ring.lines(10_000)
    expect(lines.at(-1)?.text).toBe('the end')
    expect(lines.length).toBeLessThanOrEqual(1_000)
    expect(lines.map(({ text }) => text).join('').length).toBeLessThanOrEqual(1_024 * 1_024)
  },
)

test('at most 1,000 lines are shown, the newest, each at most 8 KiB long [supervision/stderr/bounded]', () => {
  const long = `${'y'.repeat(20_000)}\n`
  const { ring } = filled(
    [1, Array.from({ length: 2_500 }, (_, n) => `line ${n}\n`).join('')],
    [1, long],
  )
  const lines = ring.lines(5_000)
  expect(lines).toHaveLength(1_000)
  expect(lines[0]?.text).toBe('line 1501')
  expect(lines.at(-1)?.text).toHaveLength(8_192)
  expect(ring.lines(2).map(({ text }) => text.slice(0, 9))).toEqual(['line 2499', 'yyyyyyyyy'])
})

test('a thousand lines written one by one are all there', () => {
  const { ring } = filled(...Array.from({ length: 1_200 }, (_, n) => [1, `${n}\n`] as const))
  expect(ring.lines(1_000).map(({ text }) => Number(text))).toEqual(
    Array.from({ length: 1_000 }, (_, n) => n + 200),
  )
})

test('each line has the time of its beginning and its child, whatever comes between [supervision/stderr/lines]', () => {
  const { ring } = filled(
    [1, 'one\n\ntwo\r\nth'],
    [2, 'other'],
    [1, 're'],
    [1, 'e\nfour\nfi'],
    [2, '\n'],
  )
  expect(ring.lines(10)).toEqual([
    { atMs: 1_000, pid: 1, text: 'one' },
    { atMs: 1_000, pid: 1, text: 'two' },
    { atMs: 1_000, pid: 1, text: 'three' },
    { atMs: 1_003, pid: 1, text: 'four' },
    { atMs: 1_001, pid: 2, text: 'other' },
    { atMs: 1_003, pid: 1, text: 'fi' },
  ])
  expect(ring.lines(1, 2)).toEqual([{ atMs: 1_001, pid: 2, text: 'other' }])
})

test('lines written one after the other have times of their own', () => {
  const { ring } = filled([1, 'one\n'], [1, 'two\n'])
  expect(ring.lines(2).map(({ atMs }) => atMs)).toEqual([1_000, 1_001])
})

test('a letter cut in two by a write is whole', () => {
  const bytes = Buffer.from('one\nh\u00e9\ntwo')
  const { ring } = filled([1, bytes.subarray(0, 6)], [1, bytes.subarray(6)])
  expect(ring.lines(3).map(({ text }) => text)).toEqual(['one', 'h\u00e9', 'two'])
})

test('nothing that a terminal would act on, and nothing that looks like a secret, is left [supervision/stderr/printable]', () => {
  const { ring } = filled(
    [1, '\u001b[31mred\u001b[0m \u0007bell\u009b2J \u202eevil\t\n'],
    [1, 'Authorization: Bearer abcdefgh12345678\n'],
  )
  const [first, second] = ring.lines(2).map(({ text }) => text)
  // oxlint-disable-next-line no-control-regex -- none may be there
  expect(first).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
  expect(first).toContain('red bell')
  expect(second).not.toContain('abcdefgh')
})

test('a known secret is hidden, however the writes cut it and wherever the line is cut [supervision/stderr/secrets]', () => {
  const secret = 'SuperSecretValue99182'
  const { ring } = filled(
    [1, `token Super`],
    [2, `other ${secret}\n`],
    [1, `SecretValue`],
    [1, `99182 refused\n`],
    [1, `${'y'.repeat(16_370)} ${secret} ${secret}\n`],
    [1, `half ${secret.slice(0, 12)}`],
  )
  ring.secrets.add([new Secret(secret)])
  const texts = ring.lines(10).map(({ text }) => text)
  expect(texts.slice(0, 2)).toEqual(['other [redacted]', 'token [redacted] refused'])
  expect(texts.at(-1)).toBe('half [redacted]')
  expect(texts.join('')).not.toContain('SuperS')
})

test('a secret that begins before what is kept is hidden too [supervision/stderr/secrets]', () => {
  const secret = 'SuperSecretValue99182'
  const { ring } = filled([1, `${secret}${'x'.repeat(1_024 * 1_024 - 15)}\nend\n`])
  ring.secrets.add([new Secret(secret)])
  expect(ring.lines(2)[0]?.text).toMatch(/^\[redacted\]x/)
})
