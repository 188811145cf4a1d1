import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { Gate } from './gate.ts'
import { createPassword, NameThrottle, passwordFault, Passwords } from './index.ts'

const CHEAP = { log2n: 2, r: 1, p: 1 } as const
const signal = AbortSignal.timeout(60_000)

test.each([
  ['seven brown foxes', 'alice', undefined],
  ['correct horse battery stapler', 'alice', undefined],
  ['пароль из слов', 'alice', undefined],
  ['elevenchars', 'alice', 'must have 12 to 1024 characters, got 11'],
  ['twelve chars', 'alice', undefined],
  ['😀'.repeat(11), 'alice', 'must have 12 to 1024 characters, got 11'],
  [`${'a fox, '.repeat(146)}!?`, 'bob', undefined],
  [`${'a fox, '.repeat(146)}!?!`, 'bob', 'must have 12 to 1024 characters, got 1025'],
  ['my name is ALICE', 'alice', 'must not hold the name of the user'],
  ['ｍｙ ｎａｍｅ ａｌｉｃｅ', 'alice', 'must not hold the name of the user'],
  ['the bob and the cat', 'bob', undefined],
  ['password1234', 'alice', 'is one of those that are tried first; choose another'],
  ['P@ssw0rd2026!', 'alice', 'is one of those that are tried first; choose another'],
  ['Correct-Horse-Battery-Staple', 'alice', 'is one of those that are tried first; choose another'],
  ['Sallyport 2026!!', 'alice', 'is one of those that are tried first; choose another'],
  ['aaaaaaaaaaaa', 'alice', expect.stringContaining('repeats or counts up')],
  ['abcabcabcabc', 'alice', expect.stringContaining('repeats or counts up')],
  ['123456789012', 'alice', expect.stringContaining('repeats or counts up')],
  ['abcdefghijklmnop!', 'alice', expect.any(String)],
])('the password %j of %s is judged %j [users/password/rules]', (password, name, fault) => {
  expect(passwordFault(password, name)).toEqual(fault)
})

test('a password that is made passes the rules, and no two are alike', () => {
  const made = new Set(Array.from({ length: 500 }, () => createPassword().reveal()))
  expect(made.size).toBe(500)
  for (const password of made) {
    expect(password).toMatch(/^[a-hj-km-np-z2-9]{5}(-[a-hj-km-np-z2-9]{5}){4}$/)
    expect(passwordFault(password, 'alice')).toBeUndefined()
  }
})

test('equal passwords in other forms of Unicode are the same, others are not', async () => {
  const passwords = new Passwords(CHEAP)
  const kept = await passwords.hash('caf\u00e9 \ufb01sh market', signal)
  expect(kept).toMatch(/^scrypt\$2\$1\$1\$[\w-]{22}\$[\w-]{43}$/)
  expect(await passwords.hash('caf\u00e9 \ufb01sh market', signal)).not.toBe(kept)
  expect(await passwords.verify('cafe\u0301 fish market', kept, signal)).toBe('right')
  for (const other of ['café fish marker', 'Café fish market', 'café fish market ', '']) {
    expect(await passwords.verify(other, kept, signal)).toBe('wrong')
  }
  expect(await new Passwords({ ...CHEAP, p: 2 }).verify('café fish market', kept, signal)).toBe(
    'outdated',
  )
})

test.each([
  undefined,
  '',
  'scrypt$2$1$1$$',
  'plain text password',
  'scrypt$99$1$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'scrypt$18$99$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'scrypt$0$1$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
])('what is kept as %j fits no password and takes no more than usual', async (kept) => {
  expect(await new Passwords(CHEAP).verify('seven brown foxes', kept, signal)).toBe('wrong')
})

test('two run at once, some wait, more are refused, and who leaves the line gives its place up', async () => {
  const gate = new Gate(2, 2)
  const running: PromiseWithResolvers<string>[] = []
  const enter = (by: AbortSignal = signal) =>
    gate.run(() => {
      const work = Promise.withResolvers<string>()
      running.push(work)
      return work.promise
    }, by)
  const leaving = new AbortController()
  const [first, second] = [enter(), enter()]
  const third = enter(leaving.signal)
  const fourth = enter()
  await expect(enter()).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 })
  expect(running).toHaveLength(2)
  leaving.abort(new Error('gone'))
  await expect(third).rejects.toThrow('gone')
  await expect(enter(leaving.signal)).rejects.toThrow('gone')
  running[0]?.reject(new Error('broken'))
  await expect(first).rejects.toThrow('broken')
  await expect.poll(() => running.length).toBe(3)
  running[1]?.resolve('second')
  running[2]?.resolve('fourth')
  expect(await Promise.all([second, fourth])).toEqual(['second', 'fourth'])
  const fifth = enter()
  running[3]?.resolve('fifth')
  expect(await fifth).toBe('fifth')
})

test('names are forgotten after an hour of quiet, after a success, and when there are too many', () => {
  const clock = new ManualClock()
  const throttle = new NameThrottle(clock, { namesMax: 3 })
  const fail = (name: string, times: number) => {
    for (let at = 0; at < times; at += 1) throttle.fail(name)
  }
  fail('alice', 5)
  expect([throttle.heldMs('alice'), throttle.heldMs('bob')]).toEqual([1_000, 0])
  throttle.succeed('alice')
  expect(throttle.heldMs('alice')).toBe(0)
  fail('alice', 7)
  expect(throttle.heldMs('alice')).toBe(4_000)
  clock.advance(3_600_000)
  fail('alice', 4)
  expect(throttle.heldMs('alice')).toBe(0)
  for (const name of ['a', 'b', 'c', 'd']) fail(name, 1)
  expect(throttle.size).toBe(3)
  fail('alice', 5)
  expect(throttle.heldMs('alice')).toBe(1_000)
})
