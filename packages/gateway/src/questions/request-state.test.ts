import { ManualClock } from '@sallyport/kit/clock'
import { MasterKeys, Sealer } from '@sallyport/kit/crypto'
import type { Exchange } from '@sallyport/kit/mcp'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { testExchange, testPrincipal } from '../call/testing-call.ts'
import { RequestStates, type Resumption, stateOf } from './request-state.ts'
import { type ModernOptions, modernRequest, retryWith, testSealer } from './testing-questions.ts'

const LIFE_MS = 300_000
const CALL = '"name":"files__echo","arguments":{"a":1,"b":{"c":[1,2],"d":null}}'
const RESUMPTION: Resumption = { kind: 'server', value: 'their state', own: ['r'] }

function openStates(clock = new ManualClock()) {
  const limits = { timeoutMs: LIFE_MS }
  return { clock, limits, states: new RequestStates({ sealer: testSealer(), clock, limits }) }
}

/** What a retry with these members gets of a state that was sealed for `CALL`. */
function retried(params: string, options: ModernOptions = {}): Resumption | undefined {
  const { states } = openStates()
  const sealed = states.seal(modernRequest(CALL), RESUMPTION)
  return states.take(modernRequest(params, options), sealed)
}

test.each<[string, ModernOptions, string]>([
  ['another principal', { principal: testPrincipal('bob') }, CALL],
  [
    'the same principal in another tenant',
    { principal: testPrincipal('alice', { tenant: 'acme' }) },
    CALL,
  ],
  ['another address', { scope: 'files' }, CALL],
  ['another method', { method: 'prompts/get' }, CALL],
  ['another name', {}, CALL.replace('echo', 'eche')],
  ['another URI', {}, `${CALL},"uri":"a:b"`],
  ['another argument', {}, CALL.replace('"a":1', '"a":2')],
  ['an argument more', {}, CALL.replace('"a":1', '"a":1,"z":1')],
  ['an argument less', {}, CALL.replace('"a":1,', '')],
  ['an argument of another type', {}, CALL.replace('"a":1', '"a":"1"')],
  ['another order of a list', {}, CALL.replace('[1,2]', '[2,1]')],
  ['no arguments', {}, '"name":"files__echo"'],
])('a state is no good with %s [questions/state/bound]', (_case, options, params) => {
  expect(retried(params, options)).toBe(undefined)
})

test('numbers that differ only beyond doubles are different arguments [questions/state/bound]', () => {
  const { states } = openStates()
  const call = (n: string) => modernRequest(`"name":"files__echo","arguments":{"n":${n}}`)
  const sealed = states.seal(call('12345678901234567890'), RESUMPTION)
  expect(states.take(call('12345678901234567891'), sealed)).toBe(undefined)
  expect(states.take(call('12345678901234567890'), sealed)).toEqual(RESUMPTION)
})

test.each<[string, ModernOptions, string]>([
  ['with another id', { id: '77' }, CALL],
  [
    'with its keys in another order',
    {},
    '"arguments":{"b":{"d":null,"c":[1,2]},"a":1},"name":"files__echo"',
  ],
  [
    'with other white space and escapes',
    {},
    '"name":"files\\u005f_echo" , "arguments":{ "a":1.0,"b":{"c":[1, 2],"d":null}}',
  ],
  ['with other metadata', { capabilities: '{}', meta: ',"progressToken":1' }, CALL],
])('the same request %s is the same [questions/state/bound]', (_case, options, params) => {
  expect(retried(params, options)).toEqual(RESUMPTION)
})

test('no byte of a state can be changed, cut or added [questions/state/tampered]', () => {
  const { states } = openStates()
  const request = modernRequest(CALL)
  const sealed = states.seal(request, RESUMPTION)
  const bytes = Buffer.from(sealed, 'base64url')
  const changed = [...bytes.keys()].map((at) => {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
    return copy.toString('base64url')
  })
  const cut = [...bytes.keys()].map((length) => bytes.subarray(0, length).toString('base64url'))
  const other = new Sealer(MasterKeys.parse([new Secret('cd'.repeat(32))]), 'mcp')
  const limits = { timeoutMs: LIFE_MS }
  const foreign = new RequestStates({ sealer: other, clock: new ManualClock(), limits })
  for (const text of [
    ...changed,
    ...cut,
    `${sealed}A`,
    `${sealed}=`,
    ` ${sealed}`,
    foreign.seal(request, RESUMPTION),
    'their state',
    '',
  ]) {
    expect(states.take(request, text)).toBe(undefined)
  }
  // None of them used it up.
  expect(states.take(request, sealed)).toEqual(RESUMPTION)
})

test('a state is used once, and a wrong use is none [questions/state/once]', () => {
  const { states } = openStates()
  const request = modernRequest(CALL)
  const [one, other] = [states.seal(request, RESUMPTION), states.seal(request, RESUMPTION)]
  expect(one).not.toBe(other)
  const stolen = modernRequest(CALL, { principal: testPrincipal('bob') })
  const taken = [stolen, request, request].map((by) => states.take(by, one))
  expect(taken).toEqual([undefined, RESUMPTION, undefined])
  expect(states.take(request, other)).toEqual(RESUMPTION)
})

test('what was used stays used while others are [questions/state/once]', () => {
  const { clock, states } = openStates()
  const request = modernRequest(CALL)
  const sealed = Array.from({ length: 5 }, () => states.seal(request, RESUMPTION))
  for (const one of sealed) {
    expect(states.take(request, one)).toEqual(RESUMPTION)
    clock.advance(1)
  }
  expect(sealed.map((one) => states.take(request, one))).toEqual(sealed.map(() => undefined))
})

test('a state expires, and is used once until then [questions/state/expires]', () => {
  const { clock, states } = openStates()
  const request = modernRequest(CALL)
  const [one, other] = [states.seal(request, RESUMPTION), states.seal(request, RESUMPTION)]
  clock.advance(LIFE_MS - 1)
  expect(states.take(request, one)).toEqual(RESUMPTION)
  expect(states.take(request, one)).toBe(undefined)
  clock.advance(1)
  expect(states.take(request, other)).toBe(undefined)
})

test('another time, set by a reload, holds for the states that are sealed from then on', () => {
  const { clock, limits, states } = openStates()
  const request = modernRequest(CALL)
  const before = states.seal(request, RESUMPTION)
  limits.timeoutMs = 1_000
  const after = states.seal(request, RESUMPTION)
  clock.advance(1_000)
  expect(states.take(request, after)).toBe(undefined)
  expect(states.take(request, before)).toEqual(RESUMPTION)
})

test('a state outlives a restart, and says nothing of what is in it', () => {
  const { clock, states } = openStates()
  const request = modernRequest(CALL)
  const sealed = states.seal(request, RESUMPTION)
  const plain = Buffer.from(sealed, 'base64url').toString('latin1')
  expect(sealed).toMatch(/^[\w-]+$/)
  for (const inner of ['their', 'server', 'alice', 'echo']) expect(plain).not.toContain(inner)
  expect(openStates(clock).states.take(request, sealed)).toEqual(RESUMPTION)
})

test.each<Resumption>([
  { kind: 'parked', value: 'id', own: [] },
  { kind: 'again', value: undefined, own: [] },
  { kind: 'server', value: '"quoted" \u2028 €', own: ['a', 'b'] },
])('a state of kind $kind comes back as it was', (resumption) => {
  const { states } = openStates()
  const request = modernRequest(CALL)
  expect(states.take(request, states.seal(request, resumption))).toEqual(resumption)
})

test('what was used is forgotten once it has expired', () => {
  const { clock, states } = openStates()
  const request = modernRequest(CALL)
  for (let round = 0; round < 3; round += 1) {
    const sealed = states.seal(request, RESUMPTION)
    expect(states.take(request, sealed)).toEqual(RESUMPTION)
    clock.advance(LIFE_MS)
    expect(states.take(request, sealed)).toBe(undefined)
  }
})

test.each<[string, unknown]>([
  ['', undefined],
  [',"requestState":null', undefined],
  [',"requestState":"s\\u0031"', 's1'],
  [',"requestState":7', { malformed: true }],
  [',"requestState":{}', { malformed: true }],
  [',"_meta2":{"requestState":"s"}', undefined],
])('the state in %j is read as %j', (params, expected) => {
  const exchange: Exchange = testExchange(
    `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1${params}}}`,
  )
  expect(stateOf(exchange)).toEqual(expected)
  expect(stateOf(modernRequest(CALL + retryWith('x')))).toBe('x')
})
