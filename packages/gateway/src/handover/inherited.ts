import type { ListenAddress } from '@sallyport/contract/config'
import { pathText } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import {
  adoptSocket,
  formatAddress,
  inheritedNumbers,
  type InheritedSocket,
} from '@sallyport/kit/http'
import type { Log } from '@sallyport/kit/log'
import type { RunnableConfig } from '../config/index.ts'
import { judgeAddresses } from '../config/rules.ts'

type Name = 'listen' | 'admin'

/** What of a process hands over sockets. */
export interface Heir {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly pid: number
}

/**
 * The sockets that the parent process handed over: those that systemd names, which count instead of the
 * file's addresses, and those that the file has as `fd:3`.
 */
export class Inherited {
  readonly listen: InheritedSocket | undefined
  readonly admin: InheritedSocket | undefined
  /** Whether they count whatever the file says. */
  readonly #given: ReadonlySet<Name>

  private constructor(sockets: Partial<Record<Name, InheritedSocket>>, given: ReadonlySet<Name>) {
    this.listen = sockets.listen
    this.admin = sockets.admin
    this.#given = given
  }

  /** Of a process that opens no port, or none that it did not bind itself. */
  static none(): Inherited {
    return new Inherited({}, new Set())
  }

  /**
   * Looks at what was handed over; nothing is served on it yet.
   *
   * @throws {AppError} `config_invalid` for what is no socket to listen on, naming the key
   */
  static find(config: RunnableConfig, { environment, pid }: Heir, log: Log): Inherited {
    const numbers = inheritedNumbers(environment, pid)
    const sockets: Partial<Record<Name, InheritedSocket>> = {}
    const given = new Set<Name>()
    for (const [name, number] of [
      ['listen', numbers.data],
      ['admin', numbers.admin],
    ] as const) {
      if (number !== undefined) given.add(name)
      const fd = number ?? config[name].fd
      if (fd === undefined) continue
      const socket = (sockets[name] = adoptNamed(name, fd))
      log.info({ listener: name, fd, address: formatAddress(socket) }, 'listener inherited')
    }
    return new Inherited(sockets, given)
  }

  /** Whether any socket was handed over. */
  get any(): boolean {
    return this.listen !== undefined || this.admin !== undefined
  }

  /** The configuration with the addresses that the sockets really have. */
  applyTo(config: RunnableConfig): RunnableConfig {
    return {
      ...config,
      listen: this.#addressOf('listen', config.listen),
      admin: this.#addressOf('admin', config.admin),
    }
  }

  #addressOf(name: Name, configured: ListenAddress): ListenAddress {
    const socket = this[name]
    if (socket === undefined) return configured
    if (!this.#given.has(name) && configured.fd !== socket.fd) return configured
    return { host: socket.host, port: socket.port, fd: socket.fd }
  }
}

/**
 * Judges the addresses that inherited sockets really have by the rules of the file.
 *
 * @throws {AppError} `config_invalid`
 */
export function judgeInherited(config: RunnableConfig, log: Log): void {
  judgeAddresses(config, (path, message, { severity = 'error', remedy = '' }) => {
    const sentence = `${pathText(path)}: ${message}; ${remedy}`
    if (severity === 'error') throw new AppError('config_invalid', sentence)
    log.warn({ path: pathText(path), remedy }, message)
  })
}

function adoptNamed(name: Name, fd: number): InheritedSocket {
  try {
    return adoptSocket(fd)
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    throw new AppError(cause.code, `${name}: ${cause.message}`, { cause })
  }
}
