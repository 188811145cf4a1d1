import { fileURLToPath } from 'node:url'
import type { HttpFixture } from '../fixtures/servers/in-process.ts'
import { startLegacySse, startV1Http, startV2Http } from '../fixtures/servers/matrix-http.ts'

/** One server of the matrix. */
export interface MatrixServerEntry {
  /** Its name in the configuration and in its own URIs. */
  readonly name: string
  /** Its entry in `mcpServers`. */
  readonly config: Readonly<Record<string, unknown>>
}

const STDIO = fileURLToPath(new URL('../fixtures/servers/matrix-stdio.ts', import.meta.url))

interface Kind {
  readonly name: string
  readonly title: string
  readonly more?: Readonly<Record<string, unknown>>
  readonly start?: (name: string) => Promise<HttpFixture>
}

/** The five kinds, in the order of the table. */
export const KINDS: readonly Kind[] = [
  { name: 'v1-stdio', title: 'SDK v1, stdio' },
  { name: 'v1-http', title: 'SDK v1, HTTP with sessions', start: startV1Http },
  {
    name: 'v2-dual',
    title: 'SDK v2, HTTP, both eras',
    start: (name) => startV2Http(name, 'stateless'),
  },
  {
    name: 'modern',
    title: 'SDK v2, HTTP, 2026-07-28 only',
    start: (name) => startV2Http(name, 'reject'),
  },
  {
    name: 'sse',
    title: 'SDK v1, HTTP+SSE',
    more: { transport: 'sse' },
    start: startLegacySse,
  },
]

/** Starts all kinds, and a twin of each that may know of roots; ends them together. */
export async function startServers(): Promise<
  AsyncDisposable & { readonly entries: readonly MatrixServerEntry[] }
> {
  await using started = new AsyncDisposableStack()
  const entries: MatrixServerEntry[] = []
  for (const kind of KINDS) {
    for (const name of [kind.name, `${kind.name}-roots`]) {
      const fixture = kind.start ? started.use(await kind.start(name)) : undefined
      entries.push(entryOf(kind, name, fixture?.url))
    }
  }
  const owned = started.move()
  return { entries, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function entryOf(kind: Kind, name: string, url: string | undefined): MatrixServerEntry {
  const roots = name === kind.name ? {} : { roots: 'client' }
  const where =
    url === undefined
      ? { command: process.execPath, args: [STDIO], env: { MATRIX_NAME: name } }
      : { url }
  return { name, config: { ...where, ...kind.more, ...roots } }
}
