import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@sallyport/kit/clock'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeTerminal } from '../terminal.ts'
import { RunKey } from './run-key.ts'

const HOUR_MS = 3_600_000

let folder: string
let socket: string
let asked: string[]
let answers: (method: string) => number
let close: () => Promise<void>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-run-key-'))
  socket = join(folder, 'gateway.sock')
  asked = []
  answers = () => 200
  let made = 0
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const method = request.method ?? ''
    const { role, expiresInMs } = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) // ours
    asked.push(
      [method, request.url, role, expiresInMs].filter((part) => part !== undefined).join(' '),
    )
    response.statusCode = answers(method)
    if (response.statusCode !== 200)
      response.end('{"error":{"code":"store_unwritable","message":"full"}}')
    else if (method === 'DELETE') response.writeHead(204).end()
    else {
      made += 1
      response.end(
        JSON.stringify({ id: `id${made}`, name: `checklist-${made}`, key: `key-${made}` }),
      )
    }
  }).listen(socket)
  await once(server, 'listening')
  close = async () => {
    server.close()
    await once(server, 'close')
  }
})

afterEach(async () => {
  await close()
  await rm(folder, { recursive: true, force: true })
})

function start(looks: 'once' | 'again' = 'once') {
  const [terminal, clock] = [new FakeTerminal(), new ManualClock()]
  const context = { terminal, clock, environment: {}, cwd: folder, readStdin: async () => '' }
  return { key: new RunKey(context, looks), terminal, clock }
}

test('a key that nobody asks for is neither made nor revoked [check/command/key]', async () => {
  await start().key[Symbol.asyncDispose]()
  expect(asked).toEqual([])
})

test('all who ask at once get the same key, which is revoked once [check/command/key]', async () => {
  const { key } = start()
  const texts = await Promise.all([key.text(socket), key.text(socket), key.text(socket)])
  expect(texts.map((text) => text.reveal())).toEqual(['key-1', 'key-1', 'key-1'])
  await key[Symbol.asyncDispose]()
  await key[Symbol.asyncDispose]()
  expect(asked).toEqual(['POST /api/v1/keys caller 900000', 'DELETE /api/v1/keys/id1'])
  await expect(key.text(socket)).rejects.toMatchObject({ code: 'cancelled' })
})

test('a key that is being made while the run ends is revoked as well [check/command/key]', async () => {
  const { key } = start()
  const making = key.text(socket)
  await key[Symbol.asyncDispose]()
  await making
  expect(asked).toEqual(['POST /api/v1/keys caller 900000', 'DELETE /api/v1/keys/id1'])
})

test('a key that cannot be made is asked for again by the next [check/command/key]', async () => {
  const { key } = start()
  answers = () => 503
  await expect(key.text(socket)).rejects.toMatchObject({ code: 'store_unwritable' })
  answers = () => 200
  expect((await key.text(socket)).reveal()).toBe('key-1')
  await key[Symbol.asyncDispose]()
})

test('a key that cannot be revoked is named, with its end and without its text [check/command/key]', async () => {
  const { key, terminal } = start()
  await key.text(socket)
  answers = () => 503
  await key[Symbol.asyncDispose]()
  expect(terminal.noted).toHaveLength(1)
  expect(terminal.noted[0]).toMatch(
    /^the key checklist-[0-9a-f]{8} could not be revoked \(full\): it ends by itself at 2023-/,
  )
  expect(terminal.noted[0]).not.toContain('key-1')
})

test('while watching a key is good for a day, and is made anew before it ends [check/command/key]', async () => {
  const { key, clock } = start('again')
  await key.text(socket)
  clock.advance(23 * HOUR_MS)
  expect((await key.text(socket)).reveal()).toBe('key-1')
  clock.advance(HOUR_MS - 60_000)
  expect((await key.text(socket)).reveal()).toBe('key-2')
  await key[Symbol.asyncDispose]()
  expect(asked).toEqual([
    ...['POST /api/v1/keys caller 86400000', 'DELETE /api/v1/keys/id1'],
    ...['POST /api/v1/keys caller 86400000', 'DELETE /api/v1/keys/id2'],
  ])
})
