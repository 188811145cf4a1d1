import { isUtf8 } from 'node:buffer'
import { JsonWalker } from '../mcp/json-walker.ts'

const DEPTH_MAX = 16
const walker = new JsonWalker()

/**
 * The object that JSON bytes stand for, or undefined where they are anything else: invalid UTF-8, a name that
 * appears twice at any depth, nesting beyond 16, a value that is no object. Total.
 *
 * Source: RFC 7515 §4 and RFC 7519 §4 (names must be unique, or the last one counts: here they must).
 */
export function parseStrictObject(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (!isUtf8(bytes) || !isStrict(bytes)) return undefined
  const value: unknown = JSON.parse(bytes.toString('utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Record<string, unknown> // an object, as just seen
}

function isStrict(bytes: Buffer): boolean {
  try {
    walker.begin(bytes, DEPTH_MAX, true)
    walker.space()
    walker.value()
    walker.space()
    return walker.at === bytes.length
  } catch {
    return false // a fault of the text, which is one of our two answers
  } finally {
    walker.finish()
  }
}
