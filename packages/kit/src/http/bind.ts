import { once } from 'node:events'
import { chmod, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import { formatAddress, type ListenAddress } from './address.ts'
import type { InheritedSocket } from './inherited.ts'

/** A Unix socket to listen on. */
export interface SocketPath {
  readonly path: string
  /** Permission bits, such as 0o600. */
  readonly mode: number
}

/** Where a listener can stand: an address of its own, a socket file, or a socket of the parent process. */
export type Place = ListenAddress | SocketPath | InheritedSocket

const PROBE_MS = 1_000
const BACKLOG = 1_024

/**
 * Binds the server; the address with its actual port, or undefined for a Unix socket. A socket file that
 * nobody answers on is left over from a killed process and is replaced.
 *
 * @throws {AppError} `port_taken`, `config_invalid` for an impossible socket path
 */
export async function bind(server: Server, address: Place): Promise<ListenAddress | undefined> {
  // To Node it would mean every address there is.
  if ('host' in address && address.host === '') {
    throw new AppError('internal', 'a listener needs an address, and this one has none')
  }
  try {
    await listen(server, address)
  } catch (error) {
    if (!('path' in address) || codeOf(error) !== 'EADDRINUSE' || (await answers(address.path))) {
      throw toBindError(error, address)
    }
    await unlink(address.path)
    await listen(server, address).catch((again: unknown) => {
      throw toBindError(again, address)
    })
  }
  if ('path' in address) {
    await chmod(address.path, address.mode)
    return undefined
  }
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
  return { host: address.host, port }
}

async function listen(server: Server, address: Place): Promise<void> {
  const listening = once(server, 'listening')
  if ('path' in address) {
    // The file is made within this call, so nobody meets it with wider permissions. (Workers have no umask.)
    const umask = isMainThread ? process.umask(0o777 & ~address.mode) : undefined
    server.listen({ path: address.path })
    if (umask !== undefined) process.umask(umask)
  } else if ('socket' in address) {
    server.listen(address.socket, BACKLOG)
  } else {
    server.listen({ host: address.host, port: address.port, backlog: BACKLOG })
  }
  await listening
}

/** Whether a process listens on that socket file. */
async function answers(path: string): Promise<boolean> {
  const socket = connect({ path })
  socket.setTimeout(PROBE_MS, () => socket.destroy())
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    // Anything but a plain refusal is not ours to remove.
    return codeOf(error) !== 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

function toBindError(error: unknown, address: Place): AppError {
  const isPath = 'path' in address
  const text = isPath ? address.path : formatAddress(address)
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new AppError(
        'port_taken',
        `${text} is in use by another process; stop it${isPath ? '' : ' or choose another port'}`,
        { cause: error },
      )
    case 'EACCES':
      return new AppError(
        'port_taken',
        `${text} may not be listened on by this user; ${isPath ? 'let it write there' : 'choose a port above 1023'}`,
        {
          cause: error,
        },
      )
    case 'EADDRNOTAVAIL':
      return new AppError(
        'port_taken',
        `${text} is no address of this machine; choose one of its own, or 127.0.0.1`,
        { cause: error },
      )
    case 'EINVAL':
    case 'ENAMETOOLONG':
    case 'ENOENT':
      return new AppError(
        'config_invalid',
        `${text} cannot be a socket: missing folder or too long`,
        {
          cause: error,
        },
      )
    default:
      return AppError.from(error, 'port_taken')
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
