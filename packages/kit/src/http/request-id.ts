import { randomBytes } from 'node:crypto'

/** Random per process, so that ids of two processes do not meet in one log. */
const prefix = randomBytes(5).readUIntBE(0, 5).toString(36).padStart(8, '0')
let count = 0

/** A short id for one request: unique, easy to search for, and no secret. Never the client's own. */
export function createRequestId(): string {
  count += 1
  return `${prefix}-${count.toString(36)}`
}
