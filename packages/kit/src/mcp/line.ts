import type { IncomingHttpHeaders } from 'node:http'
import type { CallAbort } from '../call-signal.ts'
import type { Caller, Reservation } from './exchange.ts'

/** One message's way in, whatever transport brought it. */
export interface Arrival {
  readonly caller: Caller
  readonly scope: string
  /** Empty where the transport has none. */
  readonly headers: IncomingHttpHeaders
  /** Holds the bytes of the message until it is answered; whoever received the message releases it. */
  readonly reservation: Reservation
  /** Monotonic, milliseconds. */
  readonly arrivedMs: number
  /** Who waits for the answer, where the message's own connection tells. */
  readonly client?: CallAbort['client']
}

/** Sends one message towards a client. False when it went nowhere. */
export type Send = (message: Buffer) => boolean

/** A way to a client that lasts longer than one request. */
export interface Line {
  /** Sends one message. False when it went nowhere. */
  send(message: Buffer): boolean
  /** Whether somebody reads at this moment. */
  readonly open: boolean
  /** Ends after what was sent. Safe to call twice. */
  end(): void
}
