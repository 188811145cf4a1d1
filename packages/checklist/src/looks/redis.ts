import { createClient } from '@redis/client'
import { fact } from '../deployment.ts'
import { faultOf } from './bytes-of.ts'
import { type Address, addressesOf, type DataPlace, redisPlaces } from './data-places.ts'
import type { MissingAnswer } from './postgres.ts'

const CONNECT_MS = 3_000
const ANSWER_MS = 3_000
/** That it is there or not tells nothing: it is only read. */
const KEY = 'sallyport:checklist'

/** What a Redis says of itself. */
export interface RedisFacts {
  /** The user that asked, by `ACL WHOAMI`; undefined where it may not know. */
  readonly user: string | undefined
  /** `INFO`, key by key. */
  readonly info: ReadonlyMap<string, string>
  /** `CONFIG GET`, of the few that are asked; undefined where that is denied. */
  readonly config: ReadonlyMap<string, string> | undefined
  /** What answered `EXISTS`; the error's first word where it was refused. */
  readonly read: 'yes' | (string & {})
}

/** What one Redis said, or why it said nothing. */
export type RedisReading = (
  | { readonly place: DataPlace; readonly facts: RedisFacts; readonly missing?: never }
  | { readonly place: DataPlace; readonly facts?: never; readonly missing: MissingAnswer }
) & {
  /** Whether it answers somebody without a password; undefined where it does not answer at all. */
  readonly isOpen: boolean | undefined
}

/** What every Redis of the deployment says, over short connections that only read. */
export const redisReadings = fact(async (deployment, signal): Promise<RedisReading[]> => {
  const { places } = await redisPlaces(deployment, signal)
  return Promise.all(
    places.map(async (place): Promise<RedisReading> => {
      const addresses = await addressesOf(place, deployment, signal)
      const as = (anonymous: boolean) => addresses.map((one) => optionsOf(place, one, anonymous))
      const [open, found] = await Promise.all([
        attempt(as(true), ping, signal),
        attempt(as(false), readRedis, signal),
      ])
      const isOpen = 'value' in open ? true : open.isRefused ? false : undefined
      return 'value' in found
        ? { place, facts: found.value, isOpen }
        : { place, missing: found.missing, isOpen }
    }),
  )
})

/** Sends one command and waits for its answer. */
type Send = (...words: [string, ...string[]]) => Promise<unknown>

async function ping(send: Send): Promise<void> {
  await send('PING')
}

async function readRedis(send: Send): Promise<RedisFacts> {
  await send('PING')
  const info = linesOf(String(await send('INFO')), ':')
  return {
    user: await send('ACL', 'WHOAMI').then(String, () => undefined),
    info,
    config: await readConfig(send),
    read: await send('EXISTS', KEY).then(
      () => 'yes',
      (thrown: unknown) => wordOf(thrown),
    ),
  }
}

/** Nothing that could be a password is among them. */
async function readConfig(send: Send): Promise<ReadonlyMap<string, string> | undefined> {
  const known = new Map<string, string>()
  for (const name of ['save', 'appendonly', 'dir', 'bind']) {
    try {
      const answer = await send('CONFIG', 'GET', name)
      if (Array.isArray(answer)) known.set(name, String(answer[1] ?? ''))
    } catch {
      return undefined // denied, or renamed away: what needs it says so
    }
  }
  return known
}

function linesOf(text: string, separator: string): Map<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const index = line.indexOf(separator)
      return index <= 0 || line.startsWith('#')
        ? []
        : [[line.slice(0, index), line.slice(index + 1)]]
    }),
  )
}

type Attempt<Value> =
  | { readonly value: Value }
  | { readonly missing: MissingAnswer; readonly isRefused: boolean }

async function attempt<Value>(
  all: readonly ReturnType<typeof optionsOf>[],
  ask: (send: Send) => Promise<Value>,
  signal: AbortSignal,
): Promise<Attempt<Value>> {
  let last: unknown
  for (const options of all) {
    signal.throwIfAborted()
    const client = createClient(options)
    client.on('error', () => undefined) // what fails rejects below
    const abort = () => client.destroy()
    signal.addEventListener('abort', abort, { once: true })
    try {
      await client.connect()
      return { value: await ask((...words) => client.sendCommand(words)) }
    } catch (thrown) {
      signal.throwIfAborted()
      last = thrown
      if (isRefusal(thrown)) break
    } finally {
      signal.removeEventListener('abort', abort)
      if (client.isOpen) client.destroy()
    }
  }
  return { missing: toMissing(last), isRefused: isRefusal(last) }
}

function optionsOf(place: DataPlace, { host, port }: Address, anonymous: boolean) {
  const url = URL.canParse(place.url) ? new URL(place.url) : undefined
  const secure = url?.protocol === 'rediss:'
  const credentials =
    anonymous || url === undefined
      ? {}
      : {
          ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
          ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
        }
  return {
    ...credentials,
    RESP: 2 as const,
    disableClientInfo: true,
    socket: {
      ...(secure && { tls: true as const, servername: place.host }),
      host: host.replace(/^\[|\]$/g, ''),
      port,
      connectTimeout: CONNECT_MS,
      socketTimeout: ANSWER_MS,
      reconnectStrategy: false as const,
    },
  }
}

/** The first word of an error answer: `NOAUTH`, `WRONGPASS`, `NOPERM`. Source: Redis, "RESP protocol". */
function wordOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return /^[A-Z]+/.exec(text)?.[0] ?? text
}

function isRefusal(thrown: unknown): boolean {
  return /^(?:NOAUTH|WRONGPASS|NOPERM)/.test(thrown instanceof Error ? thrown.message : '')
}

function toMissing(thrown: unknown): MissingAnswer {
  const fault = faultOf(thrown)
  if (/ENOTFOUND|EAI_AGAIN/.test(fault)) {
    return { text: 'has a name that is not known here', isElsewhere: true }
  }
  if (isRefusal(thrown))
    return { text: `refuses the login (${wordOf(thrown)})`, isElsewhere: false }
  return { text: `does not answer: ${fault}`, isElsewhere: false }
}
