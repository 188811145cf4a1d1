/** What is known of a request before its path is looked at. */
export interface Arrival {
  /** Of the peer, after trusted proxies. */
  readonly address: string
  readonly requestId: string
}

/** A request for one of the pages. */
export interface Visit extends Arrival {
  readonly query: URLSearchParams
}
