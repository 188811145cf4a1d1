import { Socket } from 'node:net'
import { AppError } from '../errors.ts'
import { type ListenAddress, normaliseAddress } from './address.ts'

/** Source: sd_listen_fds(3), "SD_LISTEN_FDS_START". */
const FIRST_FD = 3
/** More than there are listeners is a mistake. */
const FDS_MAX = 2

/** A socket that the parent process bound and handed over, with the address it really has. */
export interface InheritedSocket extends ListenAddress {
  readonly fd: number
  /** Holds the descriptor until a server listens on it. */
  readonly socket: Socket
}

/** Numbers of inherited sockets by what they are for. */
export interface InheritedNumbers {
  readonly data?: number
  readonly admin?: number
}

/**
 * The sockets that systemd, or whoever does as it does, handed to this process: `LISTEN_FDS` of them from
 * number 3, for whom `LISTEN_PID` says. By the names `data` and `admin` in `LISTEN_FDNAMES`; without either
 * name the first is for data and the second for admin.
 *
 * Source: sd_listen_fds(3).
 *
 * @throws {AppError} `config_invalid` when they cannot be told apart
 */
export function inheritedNumbers(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): InheritedNumbers {
  if (environment['LISTEN_PID'] !== String(pid)) return {}
  const text = environment['LISTEN_FDS'] ?? ''
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (count > FDS_MAX) {
    throw new AppError(
      'config_invalid',
      `LISTEN_FDS is ${count}, and there are only two listeners: hand over one socket for data and one for admin`,
    )
  }
  const fds = Array.from({ length: count }, (_, index) => FIRST_FD + index)
  const names = (environment['LISTEN_FDNAMES'] ?? '').split(':').slice(0, count)
  if (!names.includes('data') && !names.includes('admin')) return byOrder(fds)
  const numbers: { data?: number; admin?: number } = {}
  for (const [index, fd] of fds.entries()) {
    const name = names[index]
    if ((name !== 'data' && name !== 'admin') || numbers[name] !== undefined) {
      throw new AppError(
        'config_invalid',
        'LISTEN_FDNAMES must name one socket data and the other admin: set FileDescriptorName= in the socket units',
      )
    }
    numbers[name] = fd
  }
  return numbers
}

function byOrder([data, admin]: readonly number[]): InheritedNumbers {
  return { ...(data !== undefined && { data }), ...(admin !== undefined && { admin }) }
}

/**
 * Looks at an inherited socket without accepting on it. It is this process's from now on, and closed with
 * the listener that is opened on it.
 *
 * @throws {AppError} `config_invalid` when there is no such socket, or none that a listener can stand on
 */
export function adoptSocket(fd: number): InheritedSocket {
  const socket = openSocket(fd)
  const { localAddress, localPort, remoteAddress } = socket
  if (localAddress === undefined || localPort === undefined) throw unusable(fd, 'no TCP socket')
  if (remoteAddress !== undefined) throw unusable(fd, 'a connection, not a socket that listens')
  if (localPort === 0) throw unusable(fd, 'a socket without an address')
  return { host: normaliseAddress(localAddress), port: localPort, fd, socket }
}

function openSocket(fd: number): Socket {
  try {
    // Neither readable nor writable: it only stands for its descriptor, and nothing is ever read from it.
    return new Socket({ fd, readable: false, writable: false })
  } catch (cause) {
    throw unusable(fd, 'no TCP socket', cause)
  }
}

function unusable(fd: number, what: string, cause?: unknown): AppError {
  return new AppError(
    'config_invalid',
    `descriptor ${fd} is ${what}: hand over a TCP socket that is bound and listens, as systemd does, or set an address`,
    { cause },
  )
}
