import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy on a free loopback port. */
export interface Forwarder extends AsyncDisposable {
  /** The target's path at the proxy's address. */
  readonly url: string
}

/**
 * Adds a bearer token to everything and passes it on: the suite cannot send one. Host and Origin stay as
 * they came, so that the target judges what the suite sent. Streams both ways; an end of one side is the
 * end of the other.
 *
 * @param target address of an endpoint, `http:` on loopback
 */
export async function startForwarder(target: string, token: string): Promise<Forwarder> {
  const { hostname, port, pathname } = new URL(target)
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` }
    const path = incoming.url ?? '/'
    const sent = request({ hostname, port, path, method: incoming.method, headers })
    sent.on('response', (answer) => passBack(answer, outgoing))
    sent.on('error', () => outgoing.destroy())
    outgoing.on('close', () => sent.destroy())
    incoming.pipe(sent)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = (server.address() as AddressInfo).port // listens on TCP
  return {
    url: `http://127.0.0.1:${own}${pathname}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function passBack(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  outgoing.flushHeaders()
  answer.pipe(outgoing)
  // A pipe does not pass on that its source broke off.
  answer.on('close', () => {
    if (!answer.complete) outgoing.destroy()
  })
}
