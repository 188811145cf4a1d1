import { ManualClock } from '@sallyport/kit/clock'
import { AppError, type ErrorCode } from '@sallyport/kit/errors'
import type { AuditEntry, AuditKind, AuditLog } from '@sallyport/kit/store'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { expect, test } from 'vitest'
import type { Call, CallHandler, CallResult, Interceptor } from '../../call/call.ts'
import {
  testCall,
  testDeadline,
  testExchange,
  testPrincipal,
  testTarget,
} from '../../call/testing-call.ts'
import type { FinishedCall } from '../feature.ts'
import { intendCalls, recordCalls } from './record.ts'

const OK: CallResult = {
  answer: { bytes: Buffer.from('{}'), status: 200 },
  outcome: 'ok',
  code: null,
}

/** Records one call; `failAt` names the appends that fail, from 1. */
async function record(
  call: Call,
  next: (events: string[]) => ReturnType<CallHandler>,
  failAt: readonly number[] = [],
  keepsRefusal: (principalId: string) => boolean = () => true,
) {
  const rows: AuditEntry[] = []
  const events: string[] = []
  const finished: FinishedCall[] = []
  const counted: string[] = []
  const clock = new ManualClock()
  let appends = 0
  const audit: AuditLog = {
    append: async (entry) => {
      appends += 1
      events.push(`${entry.kind} row`)
      if (failAt.includes(appends)) throw new AppError('store_unwritable', 'the disk is full')
      rows.push(entry)
    },
    writable: true,
    probe: () => Promise.resolve(true),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const deps = {
    clock,
    audit,
    argumentsMac: (bytes: Buffer) => `mac of ${bytes}`,
    keepsRefusal,
    onFinished: (one: FinishedCall) => void finished.push(one),
    onRecorded: (kind: AuditKind) => void counted.push(kind),
    onUnrecorded: () => void counted.push('unrecorded'),
  }
  const handler: CallHandler = () => {
    events.push('handler')
    clock.advance(2.5)
    return next(events)
  }
  const handle = recordCalls(deps)(intendCalls(deps)(handler))
  const ending = await handle(call).then(
    (result) => ({ result, error: undefined }),
    (error: unknown) => ({ result: undefined, error }),
  )
  return { rows, events, finished, counted, ...ending }
}

const fail = (error: AppError) => () => Promise.reject(error)

test('an audit that cannot be written refuses the call before it runs [record/unwritable]', async () => {
  const { error, events, finished, counted } = await record(testCall(), async () => OK, [1])
  expect(error).toMatchObject({ code: 'store_unwritable', outcome: 'not_sent' })
  expect({ events, finished, counted }).toEqual({
    events: ['intent row'],
    finished: [],
    counted: ['intent', 'unrecorded'],
  })
})

test('an answer that cannot be recorded does not leave, and its effect is unknown [record/before-answer]', async () => {
  const { error, events } = await record(testCall(), async () => OK, [2])
  expect(error).toMatchObject({ code: 'store_unwritable', outcome: 'unknown' })
  expect(events).toEqual(['intent row', 'handler', 'call row'])
})

test('a failure that cannot be recorded is reported as the unwritable store, once', async () => {
  const lost = new AppError('server_lost', 'gone', { outcome: 'unknown' })
  const { error, events } = await record(testCall(), fail(lost), [2])
  expect(error).toMatchObject({ code: 'store_unwritable', outcome: 'unknown' })
  expect(events).toEqual(['intent row', 'handler', 'call row'])
})

test('an intent stands before the handler runs, unless the operator pinned the tool read-only [record/intent]', async () => {
  const changing = await record(testCall(), async () => OK)
  expect(changing.events).toEqual(['intent row', 'handler', 'call row'])
  const pinned = await record(testCall(testTarget({ readOnly: true })), async () => OK)
  expect(pinned.events).toEqual(['handler', 'call row'])
})

test("a server's own read-only hint does not spare the intent [record/intent] [tools/hints-untrusted]", async () => {
  const hinted = testTarget({}, undefined, { trustAnnotations: true })
  const { events } = await record(testCall({ ...hinted, repeatable: true }), async () => OK)
  expect(events[0]).toBe('intent row')
})

test('a name that leads nowhere is recorded without an intent, as the client wrote it', async () => {
  const name = `files__${'x'.repeat(300)}`
  const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}"}}`
  const refused: CallResult = { ...OK, outcome: 'refused', code: '-32602' }
  const call = {
    exchange: testExchange(text),
    target: undefined,
    deadline: testDeadline(),
    span: NO_SPAN,
  }
  const { rows } = await record(call, async () => refused)
  expect(rows).toMatchObject([
    { kind: 'call', server: null, tool: name.slice(0, 256), outcome: 'refused', code: '-32602' },
  ])
})

test('a row says who, from where, what, with what, for how long [record/row] [record/arguments]', async () => {
  const principal = testPrincipal('bob', { tenant: 'acme' })
  const { rows, finished } = await record(testCall(testTarget(), { principal }), async () => OK)
  const entry = {
    requestId: 'r-1',
    principal: 'key:bob',
    tenant: 'acme',
    address: '192.0.2.7',
    method: 'tools/call',
    server: 'files',
    tool: 'echo',
    argumentsMac: 'mac of {"a":1}',
    member: null,
  }
  expect(rows).toEqual([
    {
      ...entry,
      atMs: 1_700_000_000_000,
      kind: 'intent',
      outcome: 'pending',
      code: null,
      durationUs: null,
    },
    {
      ...entry,
      atMs: 1_700_000_000_002.5,
      kind: 'call',
      outcome: 'ok',
      code: null,
      durationUs: 2_500,
    },
  ])
  expect(finished).toEqual([
    {
      ...{ server: 'files', tool: '', method: 'tools/call', tenant: 'acme' },
      ...{ outcome: 'ok', durationMs: 2.5 },
    },
  ])
})

test('a call without arguments has no MAC', async () => {
  const text = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  const call = {
    exchange: testExchange(text),
    target: undefined,
    deadline: testDeadline(),
    span: NO_SPAN,
  }
  const { rows } = await record(call, async () => OK)
  expect(rows).toMatchObject([{ method: 'tools/list', tool: null, argumentsMac: null }])
})

test.each<[ErrorCode, AppError['outcome'], string]>([
  ['cancelled', 'unknown', 'cancelled'],
  ['cancelled', undefined, 'cancelled'],
  ['server_lost', 'unknown', 'unknown'],
  ['deadline_exceeded', 'unknown', 'unknown'],
  ['credential_invalid', 'unknown', 'unknown'],
  ['deadline_exceeded', 'not_sent', 'failed'],
  ['server_start_failed', 'not_sent', 'failed'],
  ['result_too_large', 'unknown', 'unknown'],
  ['queue_full', 'not_sent', 'refused'],
  ['forbidden', 'not_sent', 'refused'],
  ['internal', undefined, 'failed'],
])('%s with effect %s is recorded as %s', async (code, outcome, expected) => {
  const error = new AppError(code, 'inner text', outcome === undefined ? {} : { outcome })
  const { rows, error: thrown } = await record(testCall(), fail(error))
  expect(rows.at(-1)).toMatchObject({ kind: 'call', outcome: expected, code })
  expect(thrown).toBe(error)
})

test('what is thrown without a code is recorded as internal and passed on', async () => {
  const { rows, error } = await record(testCall(), () => Promise.reject(new TypeError('oops')))
  expect(rows.at(-1)).toMatchObject({ outcome: 'failed', code: 'internal' })
  expect(error).toMatchObject({ code: 'internal', cause: expect.any(TypeError) })
})

test('the row of a call says which members of a group had it, its intent names none [record/member]', async () => {
  const call = testCall()
  const { rows } = await record(call, async () => {
    if (call.entry) call.entry.member = 'one,two'
    return OK
  })
  expect(rows.map(({ kind, member }) => [kind, member])).toEqual([
    ['intent', null],
    ['call', 'one,two'],
  ])
})

test('without an audit log calls run and are counted', async () => {
  const finished: FinishedCall[] = []
  const handle = recordCalls({
    clock: new ManualClock(),
    audit: undefined,
    argumentsMac: () => '',
    keepsRefusal: () => true,
    onFinished: (one) => finished.push(one),
    onRecorded: () => expect.unreachable('no row was written'),
    onUnrecorded: () => expect.unreachable('no row failed'),
  })(async () => OK)
  expect(await handle(testCall())).toBe(OK)
  expect(finished).toHaveLength(1)
})

test('what refuses a call behind the record leaves no intent', async () => {
  const rows: AuditEntry[] = []
  const audit: AuditLog = {
    append: async (entry) => void rows.push(entry),
    writable: true,
    probe: () => Promise.resolve(true),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const deps = {
    ...{ clock: new ManualClock(), audit, argumentsMac: () => '', keepsRefusal: () => true },
    ...{ onFinished: () => undefined, onRecorded: () => undefined, onUnrecorded: () => undefined },
  }
  const refuse: Interceptor = () => () => fail(new AppError('quota_exceeded', 'no'))()
  const handle = recordCalls(deps)(refuse(intendCalls(deps)(async () => OK)))
  await expect(handle(testCall())).rejects.toMatchObject({ code: 'quota_exceeded' })
  expect(rows.map(({ kind, code }) => [kind, code])).toEqual([['call', 'quota_exceeded']])
})

test('of calls beyond a rate or a quota rows are kept up to a bound, of others always [record/refusals/bounded]', async () => {
  const asked: string[] = []
  const never = (principalId: string): boolean => asked.push(principalId) < 0
  const refused = (code: ErrorCode) =>
    record(testCall(), fail(new AppError(code, 'no', { outcome: 'not_sent' })), [], never)
  const kinds = async (code: ErrorCode) =>
    (await refused(code)).events.filter((one) => one === 'call row')
  for (const code of ['quota_exceeded', 'rate_limited'] as const) {
    expect(await kinds(code)).toEqual([])
  }
  expect(asked).toEqual(['key:alice', 'key:alice'])
  for (const code of ['forbidden', 'breaker_open', 'queue_full'] as const) {
    expect(await kinds(code)).toHaveLength(1)
  }
  expect((await refused('quota_exceeded')).finished).toMatchObject([{ outcome: 'refused' }])
})
