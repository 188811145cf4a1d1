/** What the door reads of a request's headers. A repeated header is `DUPLICATE` where one is the rule. */
export interface DoorHeaders {
  host: string | undefined
  origin: string | undefined
  authorization: string | undefined
  apiKey: string | undefined
  /** `X-Forwarded-For`, all lines in order. */
  forwardedFor: string | undefined
  forwardedHost: string | undefined
  forwardedProto: string | undefined
  /** Any `Forwarded`, `X-Forwarded-*` or `Via`. */
  isForwarded: boolean
}

/** Stands for a header that came more than once; no valid value contains a newline. */
export const DUPLICATE = '\n'

/**
 * Reads the door's headers in one pass over `rawHeaders` (name, value, name, value, ...). Node's own header
 * object hides repetitions.
 */
export function scanHeaders(rawHeaders: readonly string[]): DoorHeaders {
  const found: DoorHeaders = {
    host: undefined,
    origin: undefined,
    authorization: undefined,
    apiKey: undefined,
    forwardedFor: undefined,
    forwardedHost: undefined,
    forwardedProto: undefined,
    isForwarded: false,
  }
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    // Most headers differ in length from ours, which is all it takes to pass over them.
    switch (name.length) {
      case 3:
      case 9:
        takeNine(found, name, value)
        break
      case 4:
        if (isNamed(name, 'host')) found.host = once(found.host, value)
        break
      case 6:
        if (isNamed(name, 'origin')) found.origin = once(found.origin, value)
        break
      case 13:
        if (isNamed(name, 'authorization')) found.authorization = once(found.authorization, value)
        break
      default:
        if (name.length > 12) takeForwarded(found, name, value)
    }
  }
  return found
}

function takeNine(found: DoorHeaders, name: string, value: string): void {
  if (isNamed(name, 'x-api-key')) found.apiKey = once(found.apiKey, value)
  else if (isNamed(name, 'via') || isNamed(name, 'forwarded')) found.isForwarded = true
}

function takeForwarded(found: DoorHeaders, name: string, value: string): void {
  // 'X' or 'x', then '-'.
  if ((name.charCodeAt(0) | 0x20) !== 0x78 || name.charCodeAt(1) !== 0x2d) return
  const lower = name.toLowerCase()
  if (!lower.startsWith('x-forwarded-')) return
  found.isForwarded = true
  if (lower === 'x-forwarded-for') found.forwardedFor = joined(found.forwardedFor, value)
  else if (lower === 'x-forwarded-host') found.forwardedHost = joined(found.forwardedHost, value)
  else if (lower === 'x-forwarded-proto') found.forwardedProto = joined(found.forwardedProto, value)
}

function isNamed(name: string, lower: string): boolean {
  return name === lower || name.toLowerCase() === lower
}

function once(known: string | undefined, value: string): string {
  return known === undefined ? value : DUPLICATE
}

function joined(known: string | undefined, value: string): string {
  return known === undefined ? value : `${known},${value}`
}
