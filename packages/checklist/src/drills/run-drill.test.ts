import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from '@sallyport/kit/errors'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { deploymentOf, Place } from '../../test/fixtures/deployment.ts'
import type { KeyTarget } from './key-target.ts'
import { runDrill } from './run-drill.ts'
import type { Stage } from './stage.ts'

/** A door whose keys are `key-1`, `key-2` and so on, in the order in which they are made. */
function doorAt(url: string): KeyTarget {
  let made = 0
  return {
    dataUrl: url,
    adminUrl: url,
    createKey: async () => {
      made += 1
      return { id: `${made}`, key: new Secret(`key-${made}`) }
    },
    rotateKey: async () => new Secret('next'),
    revokeKey: async () => undefined,
  }
}

function stageOf(folder: string, live: KeyTarget): Stage {
  const deployment = deploymentOf(folder, {}, { variables: {} })
  const { config } = deployment
  if (config === undefined) throw new Error('it has a configuration')
  const program = { command: 'true', args: [] }
  return { deployment: { ...deployment, config }, program, live, holdMs: 10 }
}

async function serving(listener: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // of a listening server
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

test('a secret that is in a file of the deployment alone is in no step of a drill', async () => {
  const value = 'tr0ub4dor-and-three'
  await using place = await Place.make({ '.env': `REDIS_PASSWORD=${value}\n` })
  const door: KeyTarget = {
    ...doorAt('http://127.0.0.1:9'),
    createKey: () => Promise.reject(new AppError('server_protocol', `it said ${value}`)),
  }
  const told: string[] = []
  const stage = stageOf(place.folder, door)
  const stop = new AbortController().signal
  const result = await runDrill('flood', stage, stop, (text) => told.push(text))
  const text = JSON.stringify([result, told])
  expect(text).not.toContain(value)
  expect(text).toContain('[redacted]')
})

test('a connection of the other caller that breaks under the flood is told, and ends nothing else', async () => {
  let floods = 0
  await using server = await serving((req, res) => {
    // The calm one: its connection is cut while the other one still floods.
    if (req.headers.authorization === 'Bearer key-2') return void req.socket.destroy()
    floods += 1
    res.writeHead(floods > 2_000 ? 429 : 200, { 'retry-after': '1' }).end('{}')
  })
  const stop = new AbortController().signal
  const result = await runDrill('flood', stageOf('/nowhere', doorAt(server.url)), stop)
  expect(result).toMatchObject({ kind: 'ran', run: { ok: false } })
  expect(JSON.stringify(result)).toContain('the connection failed')
})

test('a flood that one of its workers cannot go on with is over for all of them', async () => {
  let floods = 0
  await using server = await serving((req, res) => {
    if (req.headers.authorization === 'Bearer key-2') return void res.end('{}')
    floods += 1
    if (floods === 100) req.socket.destroy()
    else res.end('{}')
  })
  const stop = new AbortController().signal
  const result = await runDrill('flood', stageOf('/nowhere', doorAt(server.url)), stop)
  expect(result).toMatchObject({ kind: 'ran', run: { ok: false } })
  const atEnd = floods
  await fetch(server.url).then((answer) => answer.text())
  await fetch(server.url).then((answer) => answer.text())
  // What was under way when it ended may still arrive, and our own two.
  expect(floods - atEnd).toBeLessThan(40)
})
