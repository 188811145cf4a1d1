import { setTimeout as wait } from 'node:timers/promises'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type { Client, Pool, PoolClient } from 'pg'
import { AppError } from '../errors.ts'

/** After a statement that got no answer nobody waits for another one so soon, milliseconds. */
const RETRY_MS = 2_000
/** How long a server may take to end a connection in order, milliseconds. */
const END_MS = 1_000

/**
 * A pool that does not make everyone wait for a server that hangs: a statement that got no answer refuses those
 * that come shortly after it, its connection is not used again, and closing takes a second at most.
 */
export class GuardedPool implements PostgresPool {
  readonly options: object = {}
  readonly #pool: Pool
  readonly #open = new Set<PoolClient>()
  #hungMs = -Infinity

  constructor(pool: Pool) {
    this.#pool = pool
    pool.on('connect', (client) => this.#open.add(client))
    pool.on('remove', (client) => this.#open.delete(client))
  }

  async connect(): Promise<PostgresPoolClient> {
    if (performance.now() - this.#hungMs < RETRY_MS) {
      throw new AppError(
        'store_unwritable',
        'PostgreSQL has not answered; it is tried again shortly',
        {
          retryAfterMs: RETRY_MS,
        },
      )
    }
    try {
      return this.#guard(await this.#pool.connect())
    } catch (thrown) {
      this.#hungMs = performance.now()
      throw thrown
    }
  }

  async end(): Promise<void> {
    await soon(this.#pool.end())
    for (const client of this.#open) client.connection.stream.destroy()
  }

  #guard(client: PoolClient): PostgresPoolClient {
    let hung = false
    const query = async (text: string, values: readonly unknown[]) => {
      try {
        return await client.query(text, [...values])
      } catch (thrown) {
        hung ||= isTimeout(thrown)
        if (hung) this.#hungMs = performance.now()
        throw thrown
      }
    }
    return {
      query: query as unknown as PostgresPoolClient['query'], // we use no cursors, and `pg` has wider types
      release: (destroy) => client.release(destroy === true || hung),
    }
  }
}

/** Ends a connection in order where the server answers, and at once where it hangs. */
export async function endPostgres(client: Client): Promise<void> {
  await soon(client.end())
  client.connection.stream.destroy()
}

/** Waits for the end of what is of no use any more, in whatever state, but not for long. */
async function soon(ended: Promise<void>): Promise<void> {
  const over = new AbortController()
  const late = wait(END_MS, undefined, { ref: false, signal: over.signal })
  await Promise.race([ended, late]).catch(() => undefined)
  over.abort()
  late.catch(() => undefined) // the other was first
}

/** Ours: the server's own time limit comes first, and then as an answer. */
function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message === 'Query read timeout'
}
