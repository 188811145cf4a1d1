import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  adminError,
  auditList,
  auditQuery,
  checkInput,
  gatewayStatus,
  keyCreate,
  keyCreated,
  keyList,
  serverList,
  verifyReport,
} from './index.ts'

test.each([
  [{ name: '' }, 'no name'],
  [{ name: ' a' }, 'a space at the front'],
  [{ name: 'a\n' }, 'a line break'],
  [{ name: 'a\u202eb' }, 'a mark that reorders text'],
  [{ name: 'a'.repeat(65) }, 'a long name'],
  [{ name: 'a', role: 'the root' }, 'a role that is no name'],
  [{ name: 'a', expiresInMs: 0 }, 'a life of nothing'],
  [{ name: 'a', expiresIn: 1 }, 'a key nobody knows'],
  [{ name: 'a', tenant: 'A' }, 'a tenant in capitals'],
])('refuses a key with %j (%s)', (input, _case) => {
  expect(keyCreate.safeParse(input).success).toBe(false)
})

test('completes what a new key leaves out', () => {
  expect(keyCreate.parse({ name: "Ann's laptop" })).toEqual({
    name: "Ann's laptop",
    role: 'caller',
    ...{ servers: null, tools: null, readOnly: false, allowFrom: null },
    expiresInMs: null,
  })
})

test('tells each key once, by the shape of its value and never by the value', () => {
  const checked = checkInput(keyCreate, {
    name: '',
    tenant: 'Secret!',
    key: 'x'.repeat(201),
    more: 1,
  })
  expect(checked).toEqual({
    ok: false,
    faults: [
      { key: 'name', sentence: expect.stringMatching(/^must be 1 to 64 .*, got empty text$/) },
      { key: 'tenant', sentence: expect.stringMatching(/^must be 1 to 32 .* of 7 characters$/) },
      {
        key: 'key',
        sentence: 'must be text of at most 200 characters, got text of 201 characters',
      },
      { key: 'more', sentence: 'is not known here: leave it out' },
    ],
  })
})

test.each(['0', '1001', '-1', '1.5', 'ten', ''])('refuses the page size %j', (limit) => {
  expect(auditQuery.safeParse({ limit }).success).toBe(false)
})

test('reads times with an offset and refuses them without', () => {
  expect(auditQuery.parse({ since: '2026-01-01T01:00:00+01:00' })).toEqual({
    since: Date.UTC(2026, 0, 1),
    limit: 100,
  })
  expect(auditQuery.safeParse({ since: '2026-01-01T01:00:00' }).success).toBe(false)
  expect(auditQuery.safeParse({ since: 'yesterday' }).success).toBe(false)
})

test('takes only codes of the error table', () => {
  const of = (code: string) =>
    adminError.safeParse({ error: { code, message: 'm', requestId: 'r', retryable: false } })
  expect(of('not_found').success).toBe(true)
  expect(of('constructor').success).toBe(false)
})

test('turns every answer into JSON Schema, for documents and other languages', () => {
  for (const schema of [keyList, keyCreated, serverList, auditList, verifyReport, gatewayStatus]) {
    expect(JSON.stringify(z.toJSONSchema(schema))).toContain('"additionalProperties":false')
  }
})
