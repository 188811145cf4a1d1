import type { Exchange } from '@sallyport/kit/mcp'
import type { Sight } from '@sallyport/kit/principal'
import type { CallResult } from '../call/call.ts'
import type { Kind, ServerFacts } from '../upstreams/upstream.ts'
import type { ListChange } from './catalogue.ts'
import type { Target } from './target.ts'

/** What one scope shows, and where its names lead. Looked up per request; cheap. */
export interface View {
  /** Servers in it, sorted. */
  readonly servers: readonly string[]
  /** The server that this scope is, names unchanged; undefined for `/mcp` and endpoints. */
  readonly passThrough: string | undefined
  /** What an endpoint says to clients of itself; undefined = what its servers say. */
  readonly instructions: string | undefined
  /** Whether something that its servers have is left out for its callers. */
  readonly narrowed: boolean
  /** Whether callers can have anything that a capability of servers promises. */
  offers(capability: string): boolean
  /** Where a public name leads; undefined for what is unknown, hidden or not allowed, all alike. */
  tool(name: string): Target | undefined
  prompt(name: string): Target | undefined
  /**
   * Where a URI leads: listed resources, `ui://` resources that tools name, links seen in results of this
   * principal, templates (the longest literal part wins), and a public `<server>+<uri>`.
   */
  resource(uri: string, principalId: string): Target | undefined
  /** Where a completion's `ref/resource` leads: a template's or a resource's public URI. */
  template(uri: string, principalId: string): Target | undefined
  /** A server's URIs that carry another public form, own to public; undefined when all pass unchanged. */
  movedUris(server: string): ReadonlyMap<string, string> | undefined
  /**
   * What a server's URI is called in this view, listed or not: `<server>+<uri>` where the plain URI would
   * lead to another server.
   */
  publicUri(server: string, uri: string, principalId: string): string
}

/** Who was given a link, as `holderOf` names it, and where: a link of one address opens nothing at another. */
export interface LinkReader {
  readonly scope: string
  readonly principalId: string
}

/**
 * All scopes: the whole gateway, its endpoints, its servers; each as a caller of that sight sees it, where what
 * it leaves out does not exist.
 */
export interface Views {
  has(scope: string, sight: Sight | undefined): boolean
  /** @throws {AppError} `not_found` for a scope that does not exist */
  get(scope: string, sight: Sight | undefined): View
  /** Servers of the scope whose lists were never read. */
  unseen(scope: string, sight: Sight | undefined): readonly string[]
  /** One page of a list, in the client's era, with `dev.sallyport/sources`. */
  answerList(exchange: Exchange, kind: Kind, ttlMs: number): CallResult
  /** Remembers links that a server gave a principal under a scope, so that reading them there leads back to it. Bounded. */
  learn(reader: LinkReader, server: string, uris: readonly string[]): void
  /** What servers of a scope said of themselves, by server; those never met are absent. */
  facts(scope: string, sight: Sight | undefined): ReadonlyMap<string, ServerFacts>
  /** Whether a server concerns a scope; with a change whether that shows there. */
  shows(scope: string, server: string, sight: Sight | undefined, change?: ListChange): boolean
}
