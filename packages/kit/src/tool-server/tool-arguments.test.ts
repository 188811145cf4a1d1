import { expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { testMessage } from '../mcp/testing-message.ts'
import { readArguments } from './tool-arguments.ts'

const INPUT = z.strictObject({
  channel_id: z.string().regex(/^C/, 'must be the id of a channel, C...'),
  text: z.string().min(1).max(8).optional(),
  limit: z.int().min(1).max(200).optional(),
  sort: z.enum(['asc', 'desc']).optional(),
  users: z.array(z.string()).max(2).optional(),
  nested: z.object({ on: z.boolean() }).optional(),
})

/** What a client is told; undefined = the arguments fit. */
function told(args: unknown): string | undefined {
  const params = args === undefined ? {} : { arguments: args }
  const message = testMessage({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  try {
    readArguments(message, INPUT)
    return undefined
  } catch (thrown) {
    const error = AppError.from(thrown)
    expect([error.code, error.outcome]).toEqual(['request_invalid', 'not_sent'])
    return error.message
  }
}

const C = 'C1'

test.each([
  [{ channel_id: C }, undefined],
  [undefined, '`channel_id` is missing; give a string'],
  [{}, '`channel_id` is missing; give a string'],
  [null, '`arguments` is null; give an object'],
  [['a'], '`arguments` is a list; give an object'],
  ['C1', '`arguments` is a string; give an object'],
  [{ channel_id: 7 }, '`channel_id` is a number; give a string'],
  [{ channel_id: null }, '`channel_id` is null; give a string'],
  [{ channel_id: 'general' }, '`channel_id`: must be the id of a channel, C...'],
  [{ channel_id: C, text: '' }, '`text` must have at least 1 characters'],
  [{ channel_id: C, text: 'x'.repeat(9) }, '`text` must have at most 8 characters'],
  [{ channel_id: C, limit: 0 }, '`limit` must be at least 1'],
  [{ channel_id: C, limit: 201 }, '`limit` must be at most 200'],
  [{ channel_id: C, limit: 1.5 }, '`limit` is a number; give a whole number'],
  [{ channel_id: C, sort: 'up' }, '`sort` must be one of `asc`, `desc`'],
  [{ channel_id: C, users: ['a', 'b', 'c'] }, '`users` must have at most 2 entries'],
  [{ channel_id: C, users: [1] }, '`users[0]` is a number; give a string'],
  [{ channel_id: C, nested: {} }, '`nested.on` is missing; give true or false'],
  [{ channel_id: C, limitt: 1 }, '`limitt` is no argument of this tool; did you mean `limit`?'],
  [
    { channel_id: C, colour: 1 },
    '`colour` is no argument of this tool; it takes `channel_id`, `text`, `limit`, `sort`, `users`, `nested`',
  ],
])('%j is told: %s [slack/serving/arguments]', (args, sentence) => {
  expect(told(args)).toBe(sentence)
})

test('of many faults three are told, and no value of any [slack/serving/arguments]', () => {
  const sentence = told({
    channel_id: 'xoxb-secret',
    text: 'xoxb-secret',
    limit: 'xoxb-secret',
    sort: 'xoxb-secret',
    users: 'xoxb-secret',
  })
  expect(sentence).toMatch(/^`channel_id`: .*; .*; .*; and \d more$/)
  expect(sentence).not.toContain('xoxb')
})

test('control characters of a name are not told on', () => {
  expect(told({ channel_id: C, '\u001b[31mred\n': 1 })).toMatch(/^`red ?` is no argument/)
})
