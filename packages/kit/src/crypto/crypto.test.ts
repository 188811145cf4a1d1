import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Secret } from '../secret.ts'
import { loadOrCreateKeyFile } from './key-file.ts'
import { MasterKeys } from './master-keys.ts'
import { Sealer } from './sealer.ts'

const raw = randomBytes(32)
const first = new Secret(raw.toString('hex'))
const second = new Secret(randomBytes(32).toString('base64'))
const keys = MasterKeys.parse([first])

test.each([
  ['nothing', []],
  ['three keys', [first, second, first]],
  ['63 digits', [new Secret('a'.repeat(63))]],
  ['65 digits', [new Secret('a'.repeat(65))]],
  ['31 bytes of base64', [new Secret(randomBytes(31).toString('base64'))]],
  ['33 bytes of base64', [new Secret(randomBytes(33).toString('base64'))]],
  ['a foreign character', [new Secret(`${'A'.repeat(42)}!`)]],
  ['both alphabets mixed', [new Secret(`${'A'.repeat(41)}-/`)]],
])('refuses a master key of %s, without printing it', (_case, secrets) => {
  const parse = (): unknown => MasterKeys.parse(secrets)
  expect(parse).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  for (const secret of secrets) expect(parse).not.toThrow(secret.reveal())
})

test('hex, base64 and base64url of one key are one key', () => {
  const derived = [raw.toString('hex'), raw.toString('base64'), raw.toString('base64url')].map(
    (text) =>
      MasterKeys.parse([new Secret(text)])
        .deriveKey('x')
        .toString('hex'),
  )
  expect(new Set(derived).size).toBe(1)
  expect(derived[0]).not.toBe(raw.toString('hex'))
})

test('each purpose has a key of its own', () => {
  expect(keys.deriveKey('a').equals(keys.deriveKey('b'))).toBe(false)
})

test('opens nothing that was changed, cut, respelled, or sealed for another use', () => {
  const sealer = new Sealer(keys, 'session')
  const text = sealer.seal(Buffer.from('value'), 'alice')
  const other = new Sealer(keys, 'other')
  const foreign = new Sealer(MasterKeys.parse([second]), 'session')
  const last = text.at(-1) ?? ''
  const respelled = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
    .filter((letter) => letter !== last)
    .map((letter) => `${text.slice(0, -1)}${letter}`)
  const bad = ['', 'A', text.slice(0, -1), `${text}A`, `${text}=`, ` ${text}`, `${text}\n`]
  for (const one of [...bad, ...respelled]) expect(sealer.open(one, 'alice')).toBeUndefined()
  expect(sealer.open(text, 'bob')).toBeUndefined()
  expect(other.open(text, 'alice')).toBeUndefined()
  expect(foreign.open(text, 'alice')).toBeUndefined()
  expect(sealer.open(text, 'alice')?.toString()).toBe('value')
})

test('opening is total: any text gives undefined and never throws', () => {
  const sealer = new Sealer(keys, 'session')
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary' })), (text) => {
      expect(sealer.open(text, 'a')).toBeUndefined()
    }),
  )
})

test('whatever is sealed opens again, is visible ASCII and never the same twice', () => {
  const sealer = new Sealer(keys, 'session')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, aad) => {
      const text = sealer.seal(Buffer.from(bytes), aad)
      expect(text).toMatch(/^[A-Za-z0-9_-]+$/)
      expect(sealer.open(text, aad)).toEqual(Buffer.from(bytes))
      expect(sealer.seal(Buffer.from(bytes), aad)).not.toBe(text)
    }),
  )
})

test('while rotating both keys open', () => {
  const old = new Sealer(keys, 'session').seal(Buffer.from('value'), 'a')
  const both = new Sealer(MasterKeys.parse([second, first]), 'session')
  expect(both.open(old, 'a')?.toString()).toBe('value')
})

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('refuses a key file that is broken or that others can read [store/master-key/made]', async () => {
  const path = join(folder, 'store.key')
  writeFileSync(path, 'ab\n', { mode: 0o600 })
  await expect(loadOrCreateKeyFile(path)).rejects.toMatchObject({ code: 'config_invalid' })
  writeFileSync(path, `${raw.toString('hex')}\n`)
  chmodSync(path, 0o644)
  await expect(loadOrCreateKeyFile(path)).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('chmod 600'),
  })
  await expect(loadOrCreateKeyFile(join(folder, 'none', 'key'))).rejects.toMatchObject({
    code: 'store_unwritable',
  })
})

test('makes the key file once, for its owner only, and leaves nothing else behind [store/master-key/made]', async () => {
  const path = join(folder, 'store.key')
  const all = await Promise.all([1, 2, 3, 4].map(() => loadOrCreateKeyFile(path)))
  expect(new Set(all.map(({ keys: [key] }) => key.reveal())).size).toBe(1)
  expect(all.filter(({ created }) => created)).toHaveLength(1)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['store.key'])
  expect(await loadOrCreateKeyFile(path)).toMatchObject({ created: false })
})
