import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const run = promisify(execFile)
const CHILD = path.join(import.meta.dirname, '..', 'fixtures', 'rotate-until.ts')
const SERVERS = { one: hostileEntry('echo') }

/** Lines of the key file afterwards: a start has not been there yet. */
const STEPS = [
  ['the key file holds the new master key and the old one', 2],
  ['the keys of the store are sealed with the new master key', 2],
  ['a new key opens what is sealed', 1],
  ['the new key seals', 1],
  ['what is kept is sealed with the new key', 1],
] as const

let gateway: TestGateway
/** Its session is as old as all of this. */
let client: RawClient
beforeAll(async () => {
  gateway = await TestGateway.start({ mcpServers: SERVERS })
  client = await RawClient.open(gateway, 'legacy')
})
afterAll(() => gateway[Symbol.asyncDispose]())

const keyFile = (): string[] => readFileSync(`${gateway.storeFile}.key`, 'utf8').trim().split('\n')
const rotate = (step: string) =>
  run(process.execPath, [CHILD, gateway.path('sallyport.yaml'), step], { timeout: 20_000 })

test.each(STEPS)(
  'killed when "%s" the store starts, and sessions and history are still good [secrets/master/file]',
  async (step, lines) => {
    await gateway.stop()
    await expect(rotate(step)).rejects.toMatchObject({ signal: 'SIGKILL' })
    expect(keyFile()).toHaveLength(lines)
    await gateway.restart()
    expect(keyFile()).toHaveLength(1)
    expect(textOf(await client.call('one__echo', { text: 'still' }))).toContain('still')
    expect(await gateway.running.config.show(1)).toContain('mcpServers')
  },
)

test('what was cut off is no obstacle to the next rotation', async () => {
  await gateway.stop()
  await rotate('never said')
  await gateway.restart()
  expect(textOf(await client.call('one__echo', { text: 'again' }))).toContain('again')
})
