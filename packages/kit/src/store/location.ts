import { resolve } from 'node:path'
import { AppError } from '../errors.ts'

/** Where a store lies, parsed once from the `store` key. */
export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'postgres'
      /** The whole URL, with its password: never printed. */
      readonly url: string
      /** Host and database, fit for a message. */
      readonly label: string
      /** True: TLS with verification. Undefined: what `sslmode` in the URL says, or none on loopback. */
      readonly verifyTls: true | undefined
    }

/**
 * Reads `sqlite:<path>` or `postgres://...`. A relative path counts from the working folder.
 * PostgreSQL over a network is reached with verified TLS unless the URL has an `sslmode` of its own.
 *
 * @throws {AppError} `config_invalid`
 */
export function parseStoreLocation(location: string): StoreLocation {
  if (location.startsWith('sqlite:')) return parseSqlite(location.slice('sqlite:'.length))
  if (/^postgres(ql)?:\/\//.test(location)) return parsePostgres(location)
  throw new AppError(
    'config_invalid',
    'the key "store" has an unknown scheme; write sqlite:<path> or postgres://user@host/database',
  )
}

function parseSqlite(path: string): StoreLocation {
  if (path === '' || path === ':memory:' || path.startsWith('//')) {
    throw new AppError(
      'config_invalid',
      'the key "store" names no file; write sqlite:<path>, for example sqlite:./data/sallyport.db',
    )
  }
  return { kind: 'sqlite', path: resolve(path) }
}

function parsePostgres(text: string): StoreLocation {
  // A socket folder as host (`postgres://%2Frun%2Fpostgresql/db`) is no WHATWG host: read it apart.
  const match =
    /^postgres(?:ql)?:\/\/(?:[^@/?#]*@)?(\[[^\]]*\]|[^:/?#]*)(?::\d+)?(?:\/([^?#]*))?(?:\?([^#]*))?/.exec(
      text,
    )
  const parameters = new URLSearchParams(match?.[3] ?? '')
  const host = decode(parameters.get('host') ?? match?.[1] ?? '')
  const label = `${host === '' ? 'localhost' : host}/${decode(match?.[2] ?? '')}`
  const explicit = parameters.has('sslmode') || parameters.has('ssl')
  const verifyTls = explicit || isLocalHost(host) ? undefined : true
  return { kind: 'postgres', url: text, label, verifyTls }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a stray % is part of the name; PostgreSQL answers for it
  }
}

/** Loopback, or a Unix socket folder, where no network lies between. */
function isLocalHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (bare === '' || bare === 'localhost' || bare === '::1' || bare.startsWith('/')) return true
  return /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
}
