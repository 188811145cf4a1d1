import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Server as TcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ErrorCode } from '../errors.ts'
import { countUnaccepted } from './accept-queue.ts'
import { formatAddress, type ListenAddress, normaliseAddress } from './address.ts'
import { answerClientError } from './client-error.ts'
import { holdContinue } from './expect-continue.ts'
import { bind, type Place } from './bind.ts'

const IDLE_SWEEP_MS = 50
const SETTLE_MS = 100
/** How long an unused connection is kept: above the minute that proxies keep theirs. */
const KEEP_ALIVE_MS = 65_000

/** Every cap that holds before a request is understood. */
export interface ListenerLimits {
  /** Bytes of request line and headers; beyond it 431. */
  readonly headerBytes: number
  /** Time for a whole request to arrive, body included; beyond it 408. */
  readonly requestMs: number
  /** Connections at once. */
  readonly connections: number
  /** Connections at once from one address. */
  readonly connectionsPerAddress: number
}

/** Why a connection was refused or ended before a handler saw a request. */
export type ListenerRefusal =
  | 'connections'
  | 'connections_per_address'
  | 'malformed'
  | 'headers_too_large'
  | 'request_slow'

/** As what a refused connection counts. */
export const LISTENER_REFUSALS = {
  connections: 'overloaded',
  connections_per_address: 'overloaded',
  malformed: 'usage',
  headers_too_large: 'request_too_large',
  request_slow: 'request_slow',
} as const satisfies Record<ListenerRefusal, ErrorCode>

/** Where to listen, who answers, and who is told of what was refused before that. */
export interface ListenerOptions {
  readonly address: Place
  /** Answers every request. Must not throw. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void
  readonly limits: ListenerLimits
  /**
   * Takes over the connections of requests that ask for another protocol, whatever they ask for. Must not
   * throw. Without it the request is answered by the handler, as if it had not asked.
   */
  readonly onUpgrade?: (req: IncomingMessage, socket: Duplex) => void
  /** Counts what never reached the handler. `address` is the peer's, normalised. */
  readonly onRefused?: (why: ListenerRefusal, address: string) => void
  /** Peers that speak for many clients and so have no cap of their own: the trusted proxies. */
  readonly isProxy?: (address: string) => boolean
}

/** The response in the making on one connection, if any. */
interface Connection {
  response: ServerResponse | undefined
  /** It speaks another protocol by now, and Node does not count it as a connection any more. */
  upgraded: boolean
}

/**
 * One HTTP/1.1 port or Unix socket with every limit that comes before a request is understood. Answers
 * what its parser refuses; everything else is the handler's.
 */
export class Listener implements AsyncDisposable {
  readonly #server: Server
  readonly #options: ListenerOptions
  readonly #connections = new Map<Socket, Connection>()
  readonly #perAddress = new Map<string, number>()
  #address: string
  #bound: ListenAddress | undefined
  #port = 0
  #retired: Promise<void> | undefined
  #sweep: NodeJS.Timeout | undefined

  private constructor(options: ListenerOptions) {
    this.#options = options
    this.#address = ''
    this.#server = createListenerServer(options.limits)
    this.#server.on('connection', (socket) => this.#onConnection(socket))
    this.#server.on('drop', (data) => this.#refuse('connections', data?.remoteAddress))
    this.#server.on('request', (req, res) => this.#onRequest(req, res))
    const { onUpgrade } = options
    if (onUpgrade) {
      this.#server.on('upgrade', (req, socket, head) => {
        const connection = this.#connections.get(req.socket)
        if (connection !== undefined) connection.upgraded = true
        // What came after the request belongs to the other protocol.
        if (head.length > 0) socket.unshift(head)
        onUpgrade(req, socket)
      })
    }
    this.#server.on('checkContinue', (req, res) => {
      holdContinue(req, res)
      this.#onRequest(req, res)
    })
    this.#server.on('clientError', (error, socket) => {
      const response = this.#connections.get(socket as Socket)?.response // a net.Socket: no TLS here
      const why = answerClientError(error, socket, response)
      if (why !== undefined) this.#refuse(why, (socket as Socket).remoteAddress) // as above
    })
  }

  /**
   * Listens; resolves once connections are accepted.
   *
   * @throws {AppError} `port_taken` when the address cannot be listened on
   */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options)
    const bound = await bind(listener.#server, options.address)
    // Accepting fails when file descriptors run out; that refuses one connection, not all of them.
    listener.#server.on('error', () => listener.#refuse('connections', undefined))
    listener.#bound = bound
    listener.#port = bound?.port ?? 0
    listener.#address = bound === undefined ? pathOf(options.address) : formatAddress(bound)
    return listener
  }

  /** `127.0.0.1:9100`, `[::1]:9100` or the path of the socket. */
  get address(): string {
    return this.#address
  }

  /** The port in use; 0 for a Unix socket. */
  get port(): number {
    return this.#port
  }

  /** Connections open now. */
  get connections(): number {
    return this.#connections.size
  }

  /**
   * Stops accepting and closes nothing: connections that are open have their running request answered and one
   * more, each with `connection: close`, so that their clients are never cut off in the middle of one. A socket
   * that other processes hold too goes on there, with those who wait to be accepted. To be followed by `stop`.
   */
  retire(): void {
    this.#retired ??= this.#close()
  }

  /**
   * As `retire`, in a moment in which nobody has connected without being accepted, as far as that can be seen:
   * the end of the socket resets those. Waits for it at most a tenth of a second.
   */
  async retireUnheard(): Promise<void> {
    const untilMs = performance.now() + SETTLE_MS
    const waiting = (): number => (this.#bound && countUnaccepted(this.#bound)) ?? 0
    // The second time it is quicker, and between the look and the end lies as little as can be.
    waiting()
    // A whole turn of the loop accepts all who wait.
    do await nextTurn()
    while (waiting() > 0 && performance.now() < untilMs)
    this.retire()
  }

  /**
   * Stops accepting, closes idle connections, lets running requests finish for `drainMs`, each with
   * `connection: close`, then cuts what is left. A second call may shorten the drain.
   */
  stop(drainMs: number): Promise<void> {
    this.#retired ??= this.#close()
    this.#closeIdle()
    this.#sweep ??= setInterval(() => this.#closeIdle(), IDLE_SWEEP_MS)
    const force = setTimeout(() => this.#closeAll(), drainMs)
    return this.#retired.finally(() => {
      clearTimeout(force)
      clearInterval(this.#sweep)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0)
  }

  async #close(): Promise<void> {
    const closed = Promise.withResolvers<void>()
    // The one of HTTP would close idle connections.
    TcpServer.prototype.close.call(this.#server, () => closed.resolve())
    for (const { response } of this.#connections.values()) closeAfter(response)
    await closed.promise
    // Ends its timers; that it does not listen any more is known.
    this.#server.close(() => undefined)
  }

  #closeAll(): void {
    this.#server.closeAllConnections()
    for (const [socket, { upgraded }] of this.#connections) if (upgraded) socket.destroy()
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections()
    // Node takes a connection that never sent a byte for a busy one.
    for (const socket of this.#connections.keys()) if (socket.bytesRead === 0) socket.destroy()
  }

  #onConnection(socket: Socket): void {
    const address = addressOf(socket.remoteAddress)
    const count = (this.#perAddress.get(address) ?? 0) + 1
    const counted = address !== '' && this.#options.isProxy?.(address) !== true
    if (counted && count > this.#options.limits.connectionsPerAddress) {
      socket.destroy()
      this.#refuse('connections_per_address', address)
      return
    }
    this.#perAddress.set(address, count)
    this.#connections.set(socket, { response: undefined, upgraded: false })
    socket.once('close', () => this.#onClose(socket, address))
  }

  #onClose(socket: Socket, address: string): void {
    this.#connections.delete(socket)
    const count = (this.#perAddress.get(address) ?? 1) - 1
    if (count > 0) this.#perAddress.set(address, count)
    else this.#perAddress.delete(address)
  }

  #onRequest(req: IncomingMessage, res: ServerResponse): void {
    const connection = this.#connections.get(req.socket)
    if (connection !== undefined) connection.response = res
    if (this.#retired !== undefined) closeAfter(res)
    this.#options.handler(req, res)
  }

  #refuse(why: ListenerRefusal, address: string | undefined): void {
    this.#options.onRefused?.(why, addressOf(address))
  }
}

/** Opens a listener; see `Listener`. The caller disposes. */
export function openListener(options: ListenerOptions): Promise<Listener> {
  return Listener.open(options)
}

function createListenerServer(limits: ListenerLimits): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(1_000, Math.max(20, Math.floor(limits.requestMs / 4))),
    keepAliveTimeout: KEEP_ALIVE_MS,
    insecureHTTPParser: false,
    // The door answers a missing Host, so that it is counted and has our shape.
    requireHostHeader: false,
  })
  server.maxConnections = limits.connections
  // Node drops headers beyond a count without a word; the size cap is the limit here.
  server.maxHeadersCount = 0
  return server
}

function closeAfter(response: ServerResponse | undefined): void {
  if (response !== undefined && !response.headersSent) response.shouldKeepAlive = false
}

function addressOf(remoteAddress: string | undefined): string {
  return remoteAddress === undefined ? '' : normaliseAddress(remoteAddress)
}

function pathOf(address: Place): string {
  return 'path' in address ? address.path : formatAddress(address)
}
