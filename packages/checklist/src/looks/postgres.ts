import pg from 'pg'
import { fact } from '../deployment.ts'
import { faultOf } from './bytes-of.ts'
import { type Address, addressesOf, type DataPlace, postgresPlaces } from './data-places.ts'
import { isLoopbackHost } from './network.ts'
import { type PostgresFacts, readPostgres } from './postgres-facts.ts'

const CONNECT_MS = 3_000
const STATEMENT_MS = 3_000
const READ_ONLY = '-c default_transaction_read_only=on'

/** What one PostgreSQL said, or why it said nothing. */
export type PostgresReading = (
  | { readonly place: DataPlace; readonly facts: PostgresFacts; readonly missing?: never }
  | { readonly place: DataPlace; readonly facts?: never; readonly missing: MissingAnswer }
) & {
  /** Whether it asked for a password, of whoever came from here; undefined where it said nothing. */
  readonly asksPassword: boolean | undefined
}

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
      const { asksPassword, ...found } = await attempt(
        place,
        await addressesOf(place, deployment, signal),
        signal,
      )
      return { place, asksPassword, ...found }
    }),
  )
})

type Attempt = Pick<PostgresReading, 'asksPassword'> &
  ({ readonly facts: PostgresFacts } | { readonly missing: MissingAnswer })

/** Source: PostgreSQL, "Message Formats": what asks for a password, in each of its forms. */
const ASKED = [
  'authenticationCleartextPassword',
  'authenticationMD5Password',
  'authenticationSASL',
] as const

/** Tries the addresses and ways to encrypt that the place has; the first that lets in counts. */
async function attempt(
  place: DataPlace,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<Attempt> {
  let last: unknown
  let isAsked = false
  for (const config of configsOf(place, addresses)) {
    signal.throwIfAborted()
    const client = new pg.Client(config)
    client.on('error', () => undefined) // a connection that is lost shows at the next query
    for (const name of ASKED) client.connection.on(name, () => (isAsked = true))
    const abort = () => client.connection.stream.destroy()
    signal.addEventListener('abort', abort, { once: true })
    try {
      await client.connect()
      return { facts: await readPostgres(client), asksPassword: isAsked }
    } catch (thrown) {
      signal.throwIfAborted()
      last = thrown
      if (isRefusal(thrown)) break
    } finally {
      await client.end().catch(() => undefined) // it is of no use any more
      // Only now: a server that is gone without a word does not end it either.
      signal.removeEventListener('abort', abort)
    }
  }
  return { missing: toMissing(last), asksPassword: isAsked ? true : undefined }
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
function configsOf(place: DataPlace, addresses: readonly Address[]): pg.ClientConfig[] {
  const base = {
    application_name: 'sallyport-check',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    // The server may be gone without a word: then this ends the wait.
    query_timeout: STATEMENT_MS + 1_000,
  }
  const explicit = /[?&]ssl(?:mode)?=/.test(place.url)
  return addresses.flatMap(({ host, port }) => {
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
  readonly sslmode?: string
}

/** The same URL with something else in it, and every session of it reading alone. */
function changed(text: string, { host, port, sslmode }: Change): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  if (host !== undefined) url.hostname = host
  if (port !== undefined) url.port = `${port}`
  if (sslmode !== undefined) url.searchParams.set('sslmode', sslmode)
  const options = url.searchParams.get('options') ?? ''
  if (!options.includes(READ_ONLY)) {
    url.searchParams.set('options', `${options} ${READ_ONLY}`.trim())
  }
  return url.href
}
