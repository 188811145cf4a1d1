import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** The listening side of the HTTP forms, with the outages it can have. */
export interface Host {
  /** Ends every connection and refuses new ones for a time. */
  refuse(ms: number): Promise<void>
  /** Ends every connection, and new ones as soon as they stand, for a time. */
  hangUp(ms: number): Promise<void>
}

let only: Host | undefined

/** The host of this process; @throws where it has none. */
export function host(): Host {
  if (!only) throw new Error('this form does not listen')
  return only
}

/** Listens on loopback and prints `{"port":N}`. Ends when standard input ends: its starter is gone. */
export async function openHost(port: number, listener: RequestListener): Promise<void> {
  const sockets = new Set<Socket>()
  let hangsUp = false
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, listener)
  server.on('connection', (socket) => {
    if (hangsUp) return void socket.resetAndDestroy()
    sockets.add(socket)
    socket.on('error', () => undefined) // what it was about to say concerns nobody
    socket.once('close', () => sockets.delete(socket))
  })
  const endAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const { port: actual } = await listenOn(server, port)
  only = {
    refuse: async (ms) => {
      if (!server.listening) return
      server.close()
      endAll()
      await sleep(ms)
      await listenOn(server, actual)
    },
    hangUp: async (ms) => {
      hangsUp = true
      endAll()
      await sleep(ms)
      hangsUp = false
    },
  }
  process.stdin.resume()
  process.stdin.on('end', () => process.exit(0))
  process.stdout.write(`${JSON.stringify({ port: actual })}\n`)
}

async function listenOn(server: Server, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1', backlog: 2_000 }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  return server.address() as AddressInfo // listens on TCP
}
