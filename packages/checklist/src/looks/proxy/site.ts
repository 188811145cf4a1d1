/** Something that stands in a file of a proxy, or is its default where nothing stands. */
export interface Placed<Value> {
  readonly value: Value
  /** Like `nginx.conf:12`. */
  readonly at: string
}

/** One server of a proxy, as its program would run it. */
export interface ProxySite {
  readonly program: 'nginx' | 'caddy'
  readonly at: string
  /** Lower case, `*.` as written; empty = any. */
  readonly names: readonly string[]
  readonly listens: readonly ProxyListen[]
  /** Certificates and keys, by the path in the file. */
  readonly keyFiles: readonly KeyFile[]
  /** Versions of TLS below 1.2 that are allowed. */
  readonly oldVersions: readonly Placed<string>[]
  /** What becomes of a request for that path; undefined where it goes nowhere. */
  route(path: string): ProxyRoute | undefined
}

/** A port of a proxy. */
export interface ProxyListen {
  readonly port: number
  readonly isTls: boolean
  readonly at: string
}

/** A file with a certificate or its key. */
export interface KeyFile {
  readonly what: 'certificate' | 'key'
  readonly place: Located
  /** As it stands in the file. */
  readonly said: string
  readonly at: string
}

/** Where requests of one path go, and how. */
export interface ProxyRoute {
  readonly at: string
  readonly upstreams: readonly ProxyUpstream[]
  /** Whether answers are collected before they are passed on. */
  readonly buffering: Placed<boolean>
  /** How long an answer may be silent, milliseconds; Infinity = for ever. */
  readonly silenceMs: Placed<number>
  readonly authorization: Placed<'passed' | 'dropped' | 'replaced'>
  readonly host: Placed<'passed' | 'replaced'>
  /** What else keeps strangers away: `auth_basic`, `allow and deny`. */
  readonly layers: readonly Placed<string>[]
}

/** One address that requests are passed on to. */
export interface ProxyUpstream {
  /** Of the protocol: `http`, `https`, `grpc`, `unix`. */
  readonly scheme: string
  readonly host: string
  /** Undefined where it cannot be known. */
  readonly port: number | undefined
  readonly isBackup: boolean
  readonly at: string
}

/** What was read of one main file. */
export interface ProxyReading {
  readonly sites: readonly ProxySite[]
  /** What is wrong: each a whole sentence with file and line. */
  readonly faults: readonly string[]
  /** What could not be followed, so that more may hold than is known. */
  readonly gaps: readonly string[]
}

/**
 * What a program reads at a path: a file of this machine (`here`), one of a volume that cannot be seen (`elsewhere`), or
 * in its container whatever the image has, as no mount is there (`nowhere`).
 */
export type Located =
  | { readonly kind: 'here'; readonly path: string }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'nowhere' }

/** How paths of a proxy's files are found on this machine. */
export interface ProxyPlace {
  /** The main file, absolute. */
  readonly file: string
  /** The file where the program runs; another one in a container. */
  readonly inside: string
  /** How a path of this machine is shown. */
  show(path: string): string
  locate(path: string): Located
  /** Of the process, for `{$NAME}`. */
  readonly variables: Readonly<Record<string, string | undefined>>
}
