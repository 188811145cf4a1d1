import type { IncomingMessage, ServerResponse } from 'node:http'

const waiting = new WeakMap<IncomingMessage, ServerResponse>()

/** Notes that the sender holds its body back until it is asked for. Source: RFC 9110 §10.1.1. */
export function holdContinue(req: IncomingMessage, res: ServerResponse): void {
  waiting.set(req, res)
}

/** Asks for the body, once, where the sender waits for that. */
export function sendContinue(req: IncomingMessage): void {
  const res = waiting.get(req)
  if (res === undefined) return
  waiting.delete(req)
  if (!res.headersSent && !res.destroyed) res.writeContinue()
}
