import { Server } from 'node:net'

/**
 * Preloaded (`node --import`) into peers that have no option for their address and would listen on all
 * interfaces: whatever port they ask for, they get it on loopback.
 */
const listen = Server.prototype.listen

function listenOnLoopback(this: Server, ...values: unknown[]): Server {
  const [port, ...rest] = values
  const done = rest.find((value) => typeof value === 'function')
  const values4 = typeof port === 'number' ? [port, '127.0.0.1', done] : values
  return Reflect.apply(listen, this, values4) as Server // `listen` returns its own server
}

Server.prototype.listen = listenOnLoopback as typeof listen // one shape for its many overloads
