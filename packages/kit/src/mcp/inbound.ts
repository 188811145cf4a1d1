import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Arrival } from './line.ts'
import type { Accepts } from './reply.ts'

/** One HTTP request of a client, and what its sender takes back. */
export interface Inbound extends Arrival {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly accepts: Accepts
}
