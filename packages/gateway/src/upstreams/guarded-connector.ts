import { lookup as lookUp, type LookupAddress, type LookupOptions } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { AppError } from '@sallyport/kit/errors'
import { buildConnector } from 'undici'
import { ADDRESS_FAULT, createAddressJudge } from '../config/restricted-server.ts'
import { contextOf } from './proxy-tunnel.ts'
import type { TlsMaterial } from './tls-material.ts'

/** Looks up all addresses of a name, as `dns.lookup` does with `all`. */
export type LookUp = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface GuardOptions {
  /** Networks beside the public internet that may be reached. */
  readonly addresses: readonly string[]
  readonly tls: TlsMaterial | undefined
  /** Time for the whole connection, milliseconds. */
  readonly connectMs: number
  /** The system's by default. */
  readonly lookUp?: LookUp | undefined
}

/**
 * Connects only to public addresses and to allowed networks. Every address that the name has is judged, and
 * those that were judged are the ones connected to: a name that answers otherwise the next time gains nothing.
 * Its failures are `url_not_allowed`, `not_sent`.
 */
export function guardedConnector(options: GuardOptions): buildConnector.connector {
  const { addresses, connectMs, tls, lookUp: look = lookUp } = options
  const isAllowed = createAddressJudge(addresses)
  const connect = buildConnector({
    ...{ timeout: connectMs, allowH2: false, lookup: guardLookUp(look, isAllowed) },
    ...contextOf(tls),
  })
  return (target, callback) => {
    const host = target.hostname.replaceAll(/^\[|\]$/g, '')
    // An address is connected to without a look-up.
    if (isIP(host) !== 0 && !isAllowed(host)) {
      callback(notAllowed(), null)
      return
    }
    connect(target, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null)
        return
      }
      // Whatever led here: nothing is sent to an address that may not be.
      if (isAllowed(socket.remoteAddress ?? '')) callback(null, socket)
      else {
        socket.destroy()
        callback(notAllowed(), null)
      }
    })
  }
}

/** A look-up that fails as a whole when one address of its answer may not be. */
export function guardLookUp(look: LookUp, isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, { all, ...options }, callback) => {
    const answer = callback as (
      error: NodeJS.ErrnoException | null,
      address?: string | LookupAddress[],
      family?: number,
    ) => void // both of its forms: with `all` a list is given, else one address
    look(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error !== null) answer(error)
      else if (first === undefined || !addresses.every(({ address }) => isAllowed(address))) {
        answer(notAllowed())
      } else if (all === true) answer(null, addresses)
      else answer(null, first.address, first.family)
    })
  }
}

function notAllowed(): AppError {
  const { message, remedy } = ADDRESS_FAULT
  return new AppError('url_not_allowed', `${message}; ${remedy}`, { outcome: 'not_sent' })
}
