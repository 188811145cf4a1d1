import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeReply } from './encode-answer.ts'
import { encodeRequest } from './encode-request.ts'
import { testExchange, testMessage, testReply } from './testing-call.ts'

const ENVELOPE = {
  'io.modelcontextprotocol/clientInfo': { name: 'sallyport', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
const OWN = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', ...ENVELOPE }
const EDITS = {
  params: [{ path: ['name'], text: '"own"' }],
  envelope: JSON.stringify(ENVELOPE).slice(1, -1),
} as const
const ENVELOPE_KEYS = [...Object.keys(OWN), 'io.modelcontextprotocol/logLevel']

const era = fc.constantFrom('legacy' as const, 'modern' as const)
const id = fc.oneof(fc.string({ unit: 'binary' }), fc.integer())
const someMeta = fc.dictionary(
  fc.oneof(fc.string(), fc.constantFrom(...ENVELOPE_KEYS, 'progressToken', 'traceparent')),
  fc.jsonValue({ maxDepth: 2 }),
)
const indent = fc.constantFrom(undefined, 1, '\t')

/** The members of an object in any order. */
function shuffled(members: Readonly<Record<string, unknown>>): fc.Arbitrary<object> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined)
  return fc
    .shuffledSubarray(entries, { minLength: entries.length })
    .map((order) => Object.fromEntries(order))
}

const call = fc
  .record({
    id,
    name: fc.string(),
    // Absent, an object, or what no client should send.
    meta: fc.oneof(fc.constant(undefined), someMeta, fc.jsonValue({ maxDepth: 1 })),
    args: fc.option(fc.jsonValue({ maxDepth: 4 }), { nil: undefined }),
    extra: fc.jsonValue({ maxDepth: 1 }),
  })
  .chain((parts) =>
    shuffled({
      name: parts.name,
      arguments: parts.args,
      _meta: parts.meta,
      extra: parts.extra,
    }).chain((params) =>
      shuffled({ jsonrpc: '2.0', id: parts.id, method: 'tools/call', params, x: parts.extra }),
    ),
  )

interface Wanted {
  id: unknown
  params: { name: unknown; _meta?: unknown }
}

function wanted(text: string, modern: boolean, wireId: number): Wanted {
  const message = JSON.parse(text) as Wanted // generated above
  message.id = wireId
  message.params.name = 'own'
  const meta = message.params._meta
  if (typeof meta === 'object' && meta !== null && !Array.isArray(meta)) {
    for (const key of ENVELOPE_KEYS) Reflect.deleteProperty(meta, key)
    if (Object.hasOwn(meta, 'progressToken')) Object.assign(meta, { progressToken: wireId })
    if (modern) Object.assign(meta, OWN)
  } else if (modern) {
    message.params._meta = OWN
  }
  return message
}

test('a server gets the call its client wrote, but for id, name and the envelope [wire/bytes/request]', () => {
  fc.assert(
    fc.property(call, era, indent, fc.nat(), (message, wireEra, space, wireId) => {
      const text = JSON.stringify(message, undefined, space)
      const modern = wireEra === 'modern'
      const version = modern ? '2026-07-28' : '2025-11-25'
      const wire = { id: wireId, era: wireEra, version }
      const sent = encodeRequest(testMessage(text), EDITS, wire).toString()
      expect(JSON.parse(sent)).toEqual(wanted(text, modern, wireId))
    }),
    { numRuns: 300 },
  )
})

const result = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('resultType', 'isError', 'content')),
    fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constant('complete')),
  ),
)
const reply = result.chain((value) =>
  shuffled({ jsonrpc: '2.0', id: 7, result: value, extra: { a: [1] } }),
)

test('a client gets the answer its server wrote, but for id and a missing resultType [wire/bytes/answer] [wire/id/echo]', () => {
  fc.assert(
    fc.property(reply, id, era, indent, (message, clientId, clientEra, space) => {
      const text = JSON.stringify(message, undefined, space)
      const request = JSON.stringify({ jsonrpc: '2.0', id: clientId, method: 'tools/call' })
      const exchange = testExchange(request, { era: clientEra })
      const want = JSON.parse(text) as { id: unknown; result: unknown } // generated above
      want.id = clientId
      const { result: got } = want
      const isObject = typeof got === 'object' && got !== null && !Array.isArray(got)
      const type =
        isObject && Object.hasOwn(got, 'resultType') ? Reflect.get(got, 'resultType') : undefined
      if (isObject && type !== undefined && type !== 'complete') {
        expect(() => encodeReply(exchange, testReply(text))).toThrow(/does not know/)
        return
      }
      if (clientEra === 'modern' && isObject && type === undefined) {
        Object.assign(got, { resultType: 'complete' })
      }
      const { bytes } = encodeReply(exchange, testReply(text)).answer
      expect(JSON.parse(bytes.toString())).toEqual(want)
    }),
    { numRuns: 300 },
  )
})
