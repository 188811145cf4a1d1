import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { type Log, silentLog } from '../log/log.ts'
import { Secret } from '../secret.ts'
import type { KeyRecord } from '../store/store.ts'
import { adoptKey, createKey, hashCredential, parseKey } from './api-key.ts'
import { CredentialsRefresher } from './credentials-refresher.ts'
import { Credentials } from './credentials.ts'
import { judgeToken } from './token-strength.ts'

const clock = new ManualClock()

function make(
  name: string,
  expiresAtMs: number | null = null,
): { text: string; record: KeyRecord } {
  const { text, record } = createKey({ name, role: 'caller', tenant: null, expiresAtMs, clock })
  return { text: text.reveal(), record }
}

test('refuses every key with one character changed, added or missing [door/key/mistyped]', () => {
  const { text } = make('a')
  for (let index = 0; index < text.length; index += 1) {
    const other = text[index] === 'a' ? 'b' : 'a'
    expect(parseKey(`${text.slice(0, index)}${other}${text.slice(index + 1)}`)).toBeUndefined()
    expect(parseKey(`${text.slice(0, index)}${text.slice(index + 1)}`)).toBeUndefined()
  }
  for (const bad of ['', `${text} `, ` ${text}`, `${text}A`, text.toUpperCase(), `${text}\n`]) {
    expect(parseKey(bad)).toBeUndefined()
  }
  fc.assert(fc.property(fc.string(), (any) => parseKey(any) === undefined))
})

test('a key is prefix, id, 256 bits and a checksum; its record holds the hash only [door/key/secret]', () => {
  const { text, record } = make('ci')
  expect(text).toMatch(/^sp_[a-z2-7]{8}_[A-Za-z0-9_-]{43}[A-Za-z0-9_-]{6}$/)
  expect(parseKey(text)).toEqual({ id: record.id })
  expect(record).toEqual({
    id: record.id,
    name: 'ci',
    hash: hashCredential(text),
    role: 'caller',
    ...{ tenant: null, servers: null, tools: null, readOnly: false, allowFrom: null },
    ...{ previousHash: null, previousUntilMs: null, rotatedAtMs: null, version: 0 },
    createdAtMs: clock.nowMs(),
    expiresAtMs: null,
    lastUsedAtMs: null,
    revokedAtMs: null,
  })
  expect(make('ci').text).not.toBe(text)
})

const token = 'k3J9xQ2mZ7pL0vB5nR8tY1wC4sD6fG_h'

test.each([
  ['a shorter token', token.slice(0, -1)],
  ['a longer one', `${token}x`],
  ['another case', token.toUpperCase()],
  ['nothing', ''],
])('does not know %s', (_case, text) => {
  const credentials = new Credentials(clock, [{ name: 'ops', values: [new Secret(token)] }])
  expect(credentials.lookup(text)).toBeUndefined()
  expect(credentials.lookup(token)).toMatchObject({ id: 'token:ops', kind: 'token', name: 'ops' })
})

test('revoked and expired keys are not valid, at the very moment they expire [door/key/expired] [door/key/revoked]', () => {
  const own = new ManualClock()
  const credentials = new Credentials(own, [])
  const expiring = make('expiring', own.nowMs() + 1_000)
  const revoked = make('revoked')
  const good = make('good')
  credentials.replaceKeys([
    expiring.record,
    { ...revoked.record, revokedAtMs: own.nowMs() },
    good.record,
  ])
  expect(credentials.lookup(revoked.text)).toBeUndefined()
  own.advance(999)
  expect(credentials.lookup(expiring.text)).toMatchObject({ id: `key:${expiring.record.id}` })
  own.advance(1)
  expect(credentials.lookup(expiring.text)).toBeUndefined()
  expect(credentials.sweep().ended).toEqual([`key:${expiring.record.id}`])
  expect(credentials.sweep().ended).toEqual([])
  expect(credentials.lookup(good.text)).toMatchObject({ name: 'good' })
})

test('names the principals that a new reading no longer has, and keeps the objects of the others', () => {
  const credentials = new Credentials(clock, [])
  const [kept, removed, revoked] = [make('kept'), make('removed'), make('revoked')]
  credentials.replaceKeys([kept.record, removed.record, revoked.record])
  const before = credentials.lookup(kept.text)
  const gone = credentials.replaceKeys([kept.record, { ...revoked.record, revokedAtMs: 1 }])
  expect(gone.ended).toEqual([`key:${removed.record.id}`, `key:${revoked.record.id}`])
  expect(credentials.lookup(kept.text)).toBe(before)
  credentials.replaceKeys([{ ...kept.record, role: 'admin' }])
  expect(credentials.lookup(kept.text)).toMatchObject({ roles: ['admin'] })
})

class FakeKeys {
  records: KeyRecord[] = []
  touched: string[] = []
  failing = false
  /** Set to hold readings back until it is resolved. */
  gate: Promise<void> | undefined

  async list(): Promise<readonly KeyRecord[]> {
    const seen = [...this.records]
    await this.gate
    if (this.failing) throw new Error('store is away')
    return seen
  }

  /** Whoever removes a key from `records` makes a full reading necessary. */
  async changedSince(): Promise<{ changed: readonly KeyRecord[]; count: number }> {
    const changed = await this.list()
    return { changed, count: changed.length }
  }

  async touch(id: string): Promise<void> {
    if (this.failing) throw new Error('store is away')
    this.touched.push(id)
  }
}

async function start(keys: FakeKeys, log: Log = silentLog) {
  const credentials = new Credentials(clock, [])
  const revoked: string[] = []
  const refresher = await CredentialsRefresher.start({
    keys,
    credentials,
    log,
    onChanged: ({ ended }) => revoked.push(...ended),
    pollEveryMs: 60_000,
  })
  return { credentials, revoked, refresher }
}

test('does not start when the keys cannot be read', async () => {
  const keys = new FakeKeys()
  keys.failing = true
  await expect(start(keys)).rejects.toThrow('store is away')
})

test('while the store is away keys stay valid until they expire, and the log hears of it once', async () => {
  const keys = new FakeKeys()
  const [good, expiring] = [make('good'), make('expiring', clock.nowMs() + 500)]
  keys.records = [good.record, expiring.record]
  const warnings: string[] = []
  const log: Log = { ...silentLog, warn: (_fields, message) => warnings.push(message) }
  const { credentials, revoked, refresher } = await start(keys, log)
  await using _refresher = refresher
  keys.failing = true
  clock.advance(500)
  await expect(refresher.refresh()).rejects.toThrow('store is away')
  for (let round = 0; round < 2; round += 1) {
    expect(credentials.lookup(good.text)).toBeDefined()
    await refresher.poll()
  }
  expect(revoked).toEqual([`key:${expiring.record.id}`])
  expect(warnings).toEqual(['last uses of keys could not be kept'])
})

test('a reading notices a key that somebody else removed, and a poll reports last uses in one go [door/key/revoked]', async () => {
  const keys = new FakeKeys()
  const [one, two] = [make('one'), make('two')]
  keys.records = [one.record, two.record]
  const { credentials, revoked, refresher } = await start(keys)
  await using _refresher = refresher
  for (let index = 0; index < 100; index += 1) credentials.lookup(one.text)
  keys.records = [one.record]
  await refresher.refresh()
  await refresher.poll()
  expect(revoked).toEqual([`key:${two.record.id}`])
  expect(credentials.lookup(two.text)).toBeUndefined()
  expect(keys.touched).toEqual([one.record.id])
})

test('a refresh asked for during a reading sees changes made before it was asked for', async () => {
  const keys = new FakeKeys()
  const { credentials, refresher } = await start(keys)
  await using _refresher = refresher
  const gate = Promise.withResolvers<void>()
  keys.gate = gate.promise
  const early = refresher.refresh()
  const { text, record } = make('new')
  keys.records = [record]
  const late = Promise.all([refresher.refresh(), refresher.refresh()])
  gate.resolve()
  await early
  expect(credentials.lookup(text)).toBeUndefined()
  await late
  expect(credentials.lookup(text)).toMatchObject({ name: 'new' })
})

test('disposal reports the uses that were not reported yet', async () => {
  const keys = new FakeKeys()
  const { text, record } = make('a')
  keys.records = [record]
  const { credentials, refresher } = await start(keys)
  credentials.lookup(text)
  await refresher[Symbol.asyncDispose]()
  await refresher[Symbol.asyncDispose]()
  expect(keys.touched).toEqual([record.id])
})

test.each([
  ['31 characters', token.slice(0, 31), 'shorter than 32'],
  ['your-...', `your-${token}`, 'placeholder'],
  ['changeme', `${token}-ChangeMe`, 'placeholder'],
  ['change-me', `change-me-${token}`, 'placeholder'],
  ['example', `example${token}`, 'placeholder'],
  ['secret', `my-secret-${token}`, 'placeholder'],
  ['password', `${token}password`, 'placeholder'],
  ['xxxx', `xxxx-${token}`, 'placeholder'],
  ['xxxxxxxx', `${token}xxxxxxxx`, 'placeholder'],
  ['test', `test-${token}`, 'placeholder'],
  ['a space', `${token} a`, 'bearer token cannot carry'],
  ['one letter', 'a'.repeat(40), 'different characters'],
  ['seven letters', 'abcdefggfedcbaabcdefggfedcbaabcd', 'different characters'],
  ['a repeated word', 'CorrectHorseBattery'.repeat(2), 'pattern'],
  ['half and half', `${token.slice(0, 16)}${token.slice(0, 16)}`, 'pattern'],
  ['the alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789', 'in order'],
])('a static token with %s is too weak [config/refuse/weak-token]', (_case, text, why) => {
  const sentence = judgeToken(text)
  expect(sentence).toContain(why)
  expect(sentence).not.toContain(token.slice(0, 10))
})

test('random tokens of 32 characters and more are strong enough', () => {
  for (let index = 0; index < 2_000; index += 1) {
    const random = crypto.getRandomValues(Buffer.alloc(24))
    expect(judgeToken(random.toString('base64url'))).toBeUndefined()
    expect(judgeToken(random.toString('hex'))).toBeUndefined()
  }
})

test('takes over a key that was made elsewhere, and nothing that is not one', () => {
  const wanted = { name: 'b', role: 'caller', tenant: null, expiresAtMs: null, clock } as const
  const { text, record } = createKey(wanted)
  for (const bad of [
    '',
    'x'.repeat(61),
    `${text.reveal().slice(0, -1)}!`,
    text.reveal().slice(1),
  ]) {
    expect(() => adoptKey(new Secret(bad), wanted)).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    )
  }
  expect(adoptKey(text, wanted).record).toEqual(record)
})
