/** The address of this gateway as its clients know it. */
export interface OwnAddress {
  /** `publicUrl`, or `http://host:port` of a loopback listener; without a slash at its end. */
  readonly base: string
}

const RESOURCE = /^(?:\/mcp(?:\/[a-z0-9][a-z0-9-]{0,31})?|\/servers\/[a-z0-9][a-z0-9-]{0,31}\/mcp)$/

/**
 * Whether that is the path of something that tokens can be asked for: `/mcp`, `/mcp/<endpoint>` or
 * `/servers/<name>/mcp`. Says nothing about whether there is such an endpoint or server.
 */
export function isResourcePath(path: string): boolean {
  return RESOURCE.test(path)
}

/** The path of the resource that an address belongs to: the older transport's are those of `/mcp`. */
export function resourcePathOf(path: string): string | undefined {
  if (isResourcePath(path)) return path
  const resource = path.replace(/\/(?:sse|messages)$/, '/mcp')
  return isResourcePath(resource) ? resource : undefined
}

/** Whether a base address has a path. Asked on every request, so it parses nothing. */
function hasPath(base: string): boolean {
  return base.indexOf('/', base.indexOf('://') + 3) !== -1
}

/** Whether a token for these audiences may be good at some path, which `isForUs` then tells. */
export function isForAny(audiences: readonly string[], { base }: OwnAddress): boolean {
  return audiences.some((one) => one === base || one.startsWith(`${base}/`))
}

/**
 * Whether a token for these audiences is good at a path: for the whole gateway, or for just that resource.
 * Compared as texts; only the bare address may end in a slash, which as a URL is the same.
 *
 * Source: RFC 8707 §2; RFC 9068 §4; RFC 3986 §6.2.3 (an empty path is `/`).
 */
export function isForUs(audiences: readonly string[], { base }: OwnAddress, path: string): boolean {
  if (audiences.includes(base)) return true
  const resource = resourcePathOf(path)
  if (resource !== undefined && audiences.includes(`${base}${resource}`)) return true
  return !hasPath(base) && audiences.includes(`${base}/`)
}
