import { randomBytes } from 'node:crypto'
import pg, { type Client } from 'pg'
import { fact } from '../deployment.ts'
import { faultOf } from './bytes-of.ts'
import { addressesOf, type DataPlace, postgresPlaces } from './data-places.ts'
import { isLoopbackHost } from './network.ts'
import { type PostgresFacts, readPostgres } from './postgres-facts.ts'

const CONNECT_MS = 3_000
const STATEMENT_MS = 3_000
const READ_ONLY = '-c default_transaction_read_only=on'

/** What one PostgreSQL said, or why it said nothing. */
export type PostgresReading =
  | { readonly place: DataPlace; readonly facts: PostgresFacts; readonly missing?: never }
  | { readonly place: DataPlace; readonly facts?: never; readonly missing: MissingAnswer }

/** Why something did not answer. */
export interface MissingAnswer {
  /** As the end of a sentence that begins with what was asked. */
  readonly text: string
  /** Whether it can be that it answers others: its name is not known here, its network is another one. */
  readonly isElsewhere: boolean
}

/** What every PostgreSQL of the deployment says, each over a connection of its own that reads and then ends. */
export const postgresReadings = fact(async (deployment, signal): Promise<PostgresReading[]> => {
  const { places } = await postgresPlaces(deployment, signal)
  return Promise.all(
    places.map(async (place): Promise<PostgresReading> => {
      const found = await attempt(place, readPostgres, signal)
      return 'missing' in found ? { place, missing: found.missing } : { place, facts: found.value }
    }),
  )
})

/**
 * Whether it lets its user in with a password that nobody has.
 *
 * @returns undefined where it does not answer
 */
export async function takesAnyPassword(
  place: DataPlace,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  // A socket's folder: the system says who asks.
  if (place.host.startsWith('/')) return false
  const password = randomBytes(16).toString('hex')
  const asked = (client: Client) => client.query('select 1')
  const found = await attempt({ ...place, url: changed(place.url, { password }) }, asked, signal)
  if (!('missing' in found)) return true
  return found.isRefused ? false : undefined
}

type Attempt<Value> =
  | { readonly value: Value }
  | { readonly missing: MissingAnswer; readonly isRefused: boolean }

/** Tries the addresses and ways to encrypt that the place has, the first that lets in counts. */
async function attempt<Value>(
  place: DataPlace,
  ask: (client: Client) => Promise<Value>,
  signal: AbortSignal,
): Promise<Attempt<Value>> {
  let last: unknown
  for (const config of configsOf(place)) {
    signal.throwIfAborted()
    const client = new pg.Client(config)
    client.on('error', () => undefined) // a connection that is lost shows at the next query
    const abort = () => client.connection.stream.destroy()
    signal.addEventListener('abort', abort, { once: true })
    try {
      await client.connect()
      return { value: await ask(client) }
    } catch (thrown) {
      signal.throwIfAborted()
      last = thrown
      if (isRefusal(thrown)) break
    } finally {
      signal.removeEventListener('abort', abort)
      await client.end().catch(() => undefined) // it is of no use any more
    }
  }
  return { missing: toMissing(last), isRefused: isRefusal(last) }
}

/** Class 28: invalid authorization. Source: PostgreSQL, "Error Codes". */
function isRefusal(thrown: unknown): boolean {
  return /^28/.test(codeOf(thrown))
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return codeOf(thrown.errors[0])
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
}

function toMissing(thrown: unknown): MissingAnswer {
  const code = codeOf(thrown)
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) {
    return { text: 'has a name that is not known here', isElsewhere: true }
  }
  if (isRefusal(thrown)) return { text: 'refuses the login', isElsewhere: false }
  return { text: `does not answer: ${faultOf(thrown)}`, isElsewhere: false }
}

/** A gateway verifies TLS over a network by itself; other programs encrypt where the server offers it. */
function configsOf(place: DataPlace): pg.ClientConfig[] {
  const base = {
    application_name: 'sallyport-check',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    // The server may be gone without a word: then this ends the wait.
    query_timeout: STATEMENT_MS + 1_000,
  }
  const explicit = /[?&]ssl(?:mode)?=/.test(place.url)
  return addressesOf(place).flatMap(({ host, port }) => {
    const isMoved = host !== place.host || port !== place.port
    const url = changed(place.url, isMoved ? { host, port } : {})
    if (explicit) {
      // The name in the certificate is that of the other address.
      const isPlain = /[?&](?:sslmode=disable|ssl=(?:false|0))(?:&|$)/.test(place.url)
      const connectionString = isMoved && !isPlain ? changed(url, { sslmode: 'no-verify' }) : url
      return [{ ...base, connectionString }]
    }
    if (isLoopbackHost(place.host)) return [{ ...base, connectionString: url, ssl: false }]
    if (place.isStore && !isMoved) {
      return [{ ...base, connectionString: url, ssl: { rejectUnauthorized: true } }]
    }
    return [{ rejectUnauthorized: false }, false].map((ssl) => ({
      ...base,
      connectionString: url,
      ssl,
    }))
  })
}

interface Change {
  readonly host?: string
  readonly port?: number
  readonly password?: string
  readonly sslmode?: string
}

/** The same URL with something else in it, and every session of it reading alone. */
function changed(text: string, { host, port, password, sslmode }: Change): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  if (host !== undefined) url.hostname = host
  if (port !== undefined) url.port = `${port}`
  if (password !== undefined) url.password = password
  if (sslmode !== undefined) url.searchParams.set('sslmode', sslmode)
  const options = url.searchParams.get('options') ?? ''
  if (!options.includes(READ_ONLY)) {
    url.searchParams.set('options', `${options} ${READ_ONLY}`.trim())
  }
  return url.href
}
