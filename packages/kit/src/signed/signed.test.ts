import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { DocumentSigner, judgeDocument, parsePublicKey, toPem } from './index.ts'

const signer = new DocumentSigner(Buffer.alloc(32, 7))
const stranger = new DocumentSigner(Buffer.alloc(32, 8))
const DOCUMENT = {
  ...{ id: 'r1', count: 3, ratio: 0.1, none: null, ok: true, list: [1, [2, { deep: 'x' }], ''] },
  nested: { b: 'two', a: 'one', ä: '€', empty: {} },
}

test('the same seed is the same key, and another one another', () => {
  expect(new DocumentSigner(Buffer.alloc(32, 7)).keyId).toBe(signer.keyId)
  expect(stranger.keyId).not.toBe(signer.keyId)
})

test('a document that was written, read and put in another order is as it was signed [checklist/signed]', () => {
  const signed = signer.sign(DOCUMENT)
  const reversed = Object.fromEntries(Object.entries(signed).toReversed())
  const read = JSON.parse(JSON.stringify(reversed, null, 2)) as object // as it was written
  expect(judgeDocument(read, signer.publicKey)).toEqual({ verdict: 'good', keyId: signer.keyId })
  expect(judgeDocument(signer.sign(signed))).toMatchObject({ verdict: 'good' })
})

/** Every copy of a value with one leaf changed, removed or added, and how. */
function* changesOf(value: unknown, path = ''): Generator<readonly [string, unknown]> {
  if (Array.isArray(value)) {
    yield [`${path} longer`, [...value, 'more']]
    for (const [at, part] of value.entries()) {
      yield [`${path}[${at}] gone`, value.toSpliced(at, 1)]
      for (const [what, one] of changesOf(part, `${path}[${at}]`)) yield [what, value.with(at, one)]
    }
  } else if (typeof value === 'object' && value !== null) {
    yield [`${path}.more added`, { ...value, more: null }]
    for (const [key, part] of Object.entries(value)) {
      const { [key]: _gone, ...rest } = value as Record<string, unknown> // an object, as looked at
      yield [`${path}.${key} gone`, rest]
      yield [`${path}.${key} renamed`, { ...rest, [`${key}x`]: part }]
      for (const [what, one] of changesOf(part, `${path}.${key}`)) {
        yield [what, { ...value, [key]: one }]
      }
    }
  } else {
    yield [`${path} null`, value === null ? false : null]
    if (typeof value === 'string') yield [`${path} text`, `${value} `]
    if (typeof value === 'number') yield [`${path} number`, value + 1e-9]
    if (typeof value === 'number') yield [`${path} as text`, String(value)]
    if (typeof value === 'boolean') yield [`${path} turned`, !value]
  }
}

test('whatever of a document is changed, added or left out: it is not as it was signed [checklist/tampered]', () => {
  const changed = [...changesOf(signer.sign(DOCUMENT))]
  expect(changed.length).toBeGreaterThan(60)
  const missed = changed.filter(([what, one]) => {
    const isBare = what === '.signature gone' || what === '.signature renamed'
    const wanted = isBare ? 'unsigned' : 'tampered'
    return [undefined, signer.publicKey].some(
      (key) => judgeDocument(one as object, key).verdict !== wanted, // a copy of an object
    )
  })
  expect(missed.map(([what]) => what)).toEqual([])
})

test('what somebody else signed is whole, and not ours [checklist/tampered]', () => {
  const signed = stranger.sign({ ...DOCUMENT, count: 4 })
  expect(judgeDocument(signed)).toMatchObject({ verdict: 'good' })
  expect(judgeDocument(signed, signer.publicKey)).toEqual({
    ...{ verdict: 'other_key', keyId: stranger.keyId },
  })
  // Another key under our name, and our key over another's signature.
  const { signature } = signer.sign(DOCUMENT)
  const named = { ...signed, signature: { ...signed.signature, keyId: signature.keyId } }
  expect(judgeDocument(named)).toEqual({ verdict: 'tampered' })
  const claimed = { ...signed, signature: { ...signature, value: signed.signature.value } }
  expect(judgeDocument(claimed, signer.publicKey)).toEqual({ verdict: 'tampered' })
})

test.each([
  [undefined, 'unsigned'],
  [null, 'unsigned'],
  ['signed', 'tampered'],
  [{}, 'tampered'],
  [[], 'tampered'],
])('a signature that is %o: %s', (signature, verdict) => {
  expect(judgeDocument({ ...DOCUMENT, signature })).toEqual({ verdict })
})

test('a key of another kind signs nothing', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const value = sign('sha256', Buffer.from('{}'), privateKey).toString('base64url')
  const signature = { algorithm: 'EdDSA', keyId: '', publicKey: spki.toString('base64url'), value }
  expect(judgeDocument({ signature })).toEqual({ verdict: 'tampered' })
  expect(() => parsePublicKey(toPemOf(publicKey))).toThrow('a public key is Ed25519')
})

function toPemOf(key: ReturnType<typeof generateKeyPairSync>['publicKey']): string {
  return key.export({ format: 'pem', type: 'spki' }).toString()
}

test('a public key is read as it is written, both ways', () => {
  expect(parsePublicKey(toPem(signer.publicKey))).toBe(signer.publicKey)
  expect(parsePublicKey(` ${signer.publicKey}\n`)).toBe(signer.publicKey)
})

test.each([
  ['nothing', ''],
  ['a word', 'abc'],
  ['a long text', 'x'.repeat(10_000)],
  ['half a file', '-----BEGIN PUBLIC KEY-----\nAA\n'],
])('what is no key is refused: %s', (_what, text) => {
  expect(() => parsePublicKey(text)).toThrow(expect.objectContaining({ code: 'request_invalid' }))
})

test('a private key is no public one', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  expect(() => parsePublicKey(pem)).toThrow('a public key is Ed25519')
})
