import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createServer, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { adoptSocket } from '@sallyport/kit/http'
import { afterEach, expect, test } from 'vitest'

const SERVE = fileURLToPath(new URL('../fixtures/serve-inherited.ts', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface Found {
  readonly host?: string
  readonly port?: number
  readonly address?: string
  readonly inode?: string
  readonly leaked?: boolean
  readonly code?: string
  readonly message?: string
}

/** Runs a program that gets `fd` as its descriptor `as`. */
async function serve(fd: number, as = 3): Promise<{ child: ChildProcess; found: Found }> {
  const between = Array.from({ length: as - 3 }, () => 'ignore' as const)
  const child = spawn(process.execPath, [SERVE, String(as)], {
    stdio: ['ignore', 'pipe', 'inherit', ...between, fd],
  })
  children.push(child)
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string] // a pipe, as asked for
  return { child, found: JSON.parse(line) as Found }
}

/** Node gives the number away only here. */
function fdOf(server: { readonly _handle?: { readonly fd: number } }): number {
  return server._handle!.fd
}

async function listening(host: string): Promise<Server> {
  const server = createServer().listen({ host, port: 0 })
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

test.each([3, 15])(
  'socket %i of the parent is served on, under its real address, and no child gets it [handover/fd] [handover/fd/children]',
  async (as) => {
    const server = await listening('127.0.0.1')
    const port = portOf(server)
    const { child, found } = await serve(fdOf(server as never), as)
    // The child holds it now; what this process still has must not take its connections.
    server.close()
    expect(found).toMatchObject({ host: '127.0.0.1', port, address: `127.0.0.1:${port}` })
    expect(found).toMatchObject({ inode: expect.stringMatching(/^socket:/), leaked: false })
    const response = await fetch(`http://127.0.0.1:${port}/`)
    expect(await response.text()).toBe(String(child.pid))
  },
)

test.each([
  ['0.0.0.0', '0.0.0.0'],
  ['::1', '::1'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
])(
  'a socket bound to %s is known as %s, whatever is configured [handover/fd/real]',
  async (bound, known) => {
    const server = await listening(bound)
    const { found } = await serve(fdOf(server as never))
    server.close()
    expect(found.host).toBe(known)
  },
)

test('what is no TCP socket that listens is refused in one sentence that names it [handover/fd/refused]', async () => {
  const file = openSync('/dev/null', 'r')
  expect((await serve(file)).found).toEqual(refusal('no TCP socket'))
  closeSync(file)

  const path = join(tmpdir(), `sallyport-inherited-${process.pid}.sock`)
  const unix = createServer().listen({ path })
  await once(unix, 'listening')
  expect((await serve(fdOf(unix as never))).found).toEqual(refusal('no TCP socket'))
  unix.close()

  const server = await listening('127.0.0.1')
  const accepted = once(server, 'connection')
  const client = connect(portOf(server), '127.0.0.1')
  await once(client, 'connect')
  await accepted
  const connection = (await serve(fdOf(client as never))).found
  expect(connection).toEqual(refusal('a connection, not a socket that listens'))
  client.destroy()
  server.close()
  // Nothing was handed over at all.
  expect(() => adoptSocket(987)).toThrow(/descriptor 987 is no TCP socket/)
})

function refusal(what: string): Found {
  return {
    code: 'config_invalid',
    message: `descriptor 3 is ${what}: hand over a TCP socket that is bound and listens, as systemd does, or set an address`,
  }
}
