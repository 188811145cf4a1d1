import { expect, test } from 'vitest'
import { AccessLog, type AccessEntry } from './access-log.ts'

const ENTRY: AccessEntry = {
  atMs: 1_700_000_000_000,
  requestId: 'r1',
  address: '127.0.0.1',
  principal: 'key:abcdefgh',
  method: 'POST',
  target: '/mcp?token=hunter2#x',
  status: 200,
  bytes: 12,
  durationMs: 1.2345,
}

function open(json: boolean, writableLength = 0) {
  const writes: string[] = []
  const destination = { write: (text: string) => writes.push(text), writableLength }
  return { writes, log: AccessLog.open({ destination, json }) }
}

test.each([true, false])('writes no query string (json %s) [observe/access-log]', (json) => {
  const { log, writes } = open(json)
  log.record(ENTRY)
  log[Symbol.dispose]()
  expect(writes.join('')).not.toContain('hunter2')
  expect(writes.join('')).toContain('/mcp')
})

test('gathers lines and writes them together', () => {
  const { log, writes } = open(true)
  log.record(ENTRY)
  log.record({ ...ENTRY, principal: null })
  expect(writes).toEqual([])
  log.flush()
  expect(writes).toHaveLength(1)
  const lines = writes[0]
    ?.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AccessEntry)
  expect(lines?.map((line) => line.principal)).toEqual(['key:abcdefgh', null])
  log[Symbol.dispose]()
})

test('holds at most a page of lines', () => {
  using log = open(false).log
  const { writes, log: other } = open(false)
  for (let n = 0; n < 1_000; n += 1) other.record(ENTRY)
  expect(writes.length).toBeGreaterThan(0)
  other[Symbol.dispose]()
  expect(log.dropped).toBe(0)
})

test('drops and counts lines while the destination is behind [observe/access-log]', () => {
  const { log, writes } = open(false, 2 * 1_024 * 1_024)
  log.record(ENTRY)
  log[Symbol.dispose]()
  expect({ writes, dropped: log.dropped }).toEqual({ writes: [], dropped: 1 })
})

test('a target that tries to forge a line stays on its own', () => {
  const { log, writes } = open(false)
  log.record({ ...ENTRY, target: '/a\n[x] ACCESS: forged', method: 'GET\r\n' })
  log[Symbol.dispose]()
  expect(writes.join('').trimEnd().split('\n')).toHaveLength(1)
})
